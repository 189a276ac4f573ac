"""A database, a role and the right to connect for each process, and the tables in it: only set-up migrates."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

import gateway.app
from services.common import migrating
from services.common.database import Database
from services.common.errors import Conflict
from services.common.topics import SERVICES
from services.node.setup.secrets import DATABASES, password_of
from services.node.stack import database_of

MIGRATED = (*SERVICES, "gateway")
_PATIENCE_S = 10


def prepare(secrets: Path, host: str) -> list[str]:
    """Makes or mends them all, and brings the tables up to date; returns what it did, in words.

    May be killed at any point and run again. Raises `Conflict` where the server does not answer, `WrongVersion` where a
    database is newer than this software.
    """
    with _superuser(secrets, host) as server:
        _shut(server)
        made = [f"database {name}" for name in DATABASES if _made(server, name, password_of(secrets, name))]
    return made + [f"tables of {name}" for name in MIGRATED if _migrated(secrets, host, name)]


def versions_of(name: str) -> Path:
    """The migrations of one of `MIGRATED`."""
    return gateway.app.MIGRATIONS if name == "gateway" else migrating.versions_of(name)


@contextmanager
def opened(address: str) -> Iterator[Database]:
    db = Database(address)
    try:
        yield db
    finally:
        db.dispose()


@contextmanager
def _superuser(secrets: Path, host: str) -> Iterator[psycopg.Connection]:
    password = (secrets / "postgres" / "superuser-password").read_text(encoding="ascii").strip()
    try:
        connection = psycopg.connect(
            host=host, user="postgres", password=password, dbname="postgres", autocommit=True,
            connect_timeout=_PATIENCE_S,
        )  # fmt: skip
    except psycopg.OperationalError as error:
        raise Conflict(
            f"PostgreSQL at {host} does not let us in. Nothing was changed. Is it running, and is its volume the one "
            "that was made together with these secrets? `docker compose logs postgres` says more."
        ) from error
    with connection:
        # One at a time: the server may still be at what a set-up that was killed asked of it.
        connection.execute("select pg_advisory_lock(hashtext('fosse set-up'))")
        yield connection


def _shut(server: psycopg.Connection) -> None:
    """The server's own databases, in which else every role could look around and keep things."""
    for name in ("postgres", "template1"):
        server.execute(sql.SQL("revoke connect, temporary on database {} from public").format(sql.Identifier(name)))


def _made(server: psycopg.Connection, name: str, password: str) -> bool:
    """True where the database was not there. The password is set each time, so that a lost one can be replaced."""
    role, secret = sql.Identifier(name), sql.Literal(password)
    if not server.execute("select 1 from pg_roles where rolname = %s", (name,)).fetchone():
        server.execute(sql.SQL("create role {} login").format(role))
    # So many that one process cannot take all there are from the others.
    connections = int(server.execute("show max_connections").fetchone()[0]) // 4  # type: ignore[index]  # one row
    server.execute(
        sql.SQL("alter role {} login password {} connection limit {}").format(role, secret, sql.Literal(connections))
    )
    there = server.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
    if not there:
        server.execute(sql.SQL("create database {} owner {}").format(role, role))
    # Whoever owns it may still connect, and nobody else.
    server.execute(sql.SQL("revoke connect, temporary on database {} from public").format(role))
    return not there


def _migrated(secrets: Path, host: str, name: str) -> bool:
    """True where there was something to do."""
    with opened(database_of(secrets, host, name)) as db:
        return migrating.migrate(db, versions_of(name))
