"""Makes a node from a backup: read to its end first, then put into a place that holds nothing.

Until the last step every database is marked, so that nothing starts on a node that is half restored; a restore that was
killed is run again and begins anew. Numbers of transactions, and what Kafka was sent, belong to the old place: all kept
facts are told once more, and whoever has seen them knows it.
"""

import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

from pyrage.x25519 import Identity
from sqlalchemy import Connection, func, inspect, select, text
from sqlalchemy.exc import DBAPIError

from services.common import facts, migrating
from services.common.database import Database, away
from services.common.errors import Conflict, Invalid
from services.node.backup import accounts, archive, checking, rows
from services.node.backup.places import TABLES, Place, tables_of

_PATIENCE_S = 4 * 3600.0
_Found = Iterator[tuple[str, BinaryIO]]


@dataclass(frozen=True)
class Contents:
    """What a backup says of itself, and what is in it, once all of it was read and agrees."""

    about: checking.About
    rows: Mapping[str, int]
    files: int
    # Made of an embedded node, whose sign-in is its own.
    embedded: bool

    @property
    def people(self) -> int:
        """Who have an account at Keycloak."""
        return self.rows.get(f"{accounts.NAME}.{accounts.PEOPLE}", 0)


@contextmanager
def opened(file: Path) -> Iterator[BinaryIO]:
    try:
        found = file.open("rb")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror or error}. Nothing was restored.") from error
    with found:
        yield found


def read(file: BinaryIO, identity: Identity, services: Collection[str] = tuple(TABLES)) -> Contents:
    """Raises `Invalid` for a wrong key, and for what is damaged, cut off, foreign or newer than this software."""
    check = checking.Check(services)
    manifest = archive.checked(file, identity, check.look)
    check.agree(manifest.get("rows"))
    return Contents(check.about, check.rows, check.files, check.embedded)


def restore(file: BinaryIO, identity: Identity, contents: Contents, place: Place, now: datetime) -> None:
    """Raises `Conflict` where the place holds a node already."""
    with _databases(place) as databases, next(iter(databases.values())).only_one("restore") as alone:
        if not alone:
            raise Conflict("Another restore is at work here. Nothing was changed.")
        _claim(databases, place)
        with archive.members_of(file, identity) as found:
            _put_all(found, contents, databases, place, now)
        for db in databases.values():
            with db.write() as conn:
                migrating.end_restoring(conn)


def _claim(databases: Mapping[str, Database], place: Place) -> None:
    begun = False
    for db in databases.values():
        with db.read() as conn:
            begun = begun or migrating.is_being_restored(conn)
    if not begun:
        _refuse_where_somebody_lives(databases, place)
    for db in databases.values():
        with db.write() as conn:
            migrating.begin_restoring(conn)
    for _, path in list(place.files()):
        path.unlink()


def _refuse_where_somebody_lives(databases: Mapping[str, Database], place: Place) -> None:
    full = next((name for name, _ in place.files()), "")
    for service, db in databases.items():
        with db.read() as conn:
            there = set(inspect(conn).get_table_names())
            held = (each for each in tables_of(service) if each.name in there)
            full = full or next((f"rows of {service}" for each in held if _count(conn, each)), "")
    if place.accounts and not full:
        with accounts.opened(place.accounts) as conn:
            full = "Keycloak's accounts" if accounts.any_there(conn) else ""
    if full:
        raise Conflict(
            f"This place is not empty: it holds {full}. Nothing was changed. A backup is restored into a new "
            "folder, or into a stack in which only `secrets` and `databases` have run."
        )


def _put_all(found: _Found, contents: Contents, databases: Mapping[str, Database], place: Place, now: datetime) -> None:
    without_rows = set(databases)
    if place.accounts:
        with accounts.opened(place.accounts) as conn:
            accounts.make_room(conn, contents.about.accounts)
    for (what, service), members in groupby(found, key=lambda each: _group(each[0])):
        if what == "rows":
            without_rows.remove(service)
            _put_rows(databases[service], service, members, contents, now)
        elif what == "files" and service in place.folders:
            for name, content in members:
                _put_file(place.folders[service], service, name.split("/", 2)[2], content)
        elif what == "accounts" and place.accounts:
            with accounts.opened(place.accounts) as conn:
                for _, content in members:
                    accounts.put(conn, service, contents.about.accounts[service], content)
    for service in without_rows:
        _put_rows(databases[service], service, iter(()), contents, now)
    os.sync()


def _put_rows(db: Database, service: str, members: _Found, contents: Contents, now: datetime) -> None:
    try:
        with db.write(statement_timeout_s=_PATIENCE_S) as conn:
            _fill(conn, service, members, contents)
            facts.resend(conn, now)
    except DBAPIError as error:
        # SQLite says that of a table or column that is not there, too.
        if away(error) and "no such table" not in str(error) and "no column" not in str(error):
            raise
        raise checking.foreign(f"its rows of {service} do not fit its own tables") from error


def _fill(conn: Connection, service: str, members: _Found, contents: Contents) -> None:
    migrating.remake(conn, migrating.versions_of(service), contents.about.schema[service])
    shapes = contents.about.shapes[service]
    with _links_checked_at_the_end(conn):
        for name, content in members:
            table = name.split("/")[2]
            for block in rows.blocks(content):
                rows.put(conn, table, shapes[table], block)
    for table, shape in shapes.items():
        rows.go_on_counting(conn, table, shape)
    migrating.finish(conn, migrating.versions_of(service))


@contextmanager
def _links_checked_at_the_end(conn: Connection) -> Iterator[None]:
    """Rows of a table may name later ones of the same table."""
    if conn.dialect.name == "sqlite":
        # `remake` asked for that.
        yield
        return
    there = inspect(conn)
    links = [(name, str(key["name"])) for name in there.get_table_names() for key in there.get_foreign_keys(name)]
    _alter(conn, links, "deferrable initially deferred")
    yield
    conn.execute(text("set constraints all immediate"))
    _alter(conn, links, "not deferrable")


def _alter(conn: Connection, links: list[tuple[str, str]], to: str) -> None:
    quoted = conn.dialect.identifier_preparer.quote
    for table, name in links:
        conn.execute(text(f"alter table {quoted(table)} alter constraint {quoted(name)} {to}"))


def _put_file(folder: Path, service: str, name: str, content: BinaryIO) -> None:
    # Anybody who knows the recipient can make a backup for it: it may not write anywhere else.
    if not checking.is_of_a_node(service, name):
        raise checking.of_no_node(name)
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        shutil.copyfileobj(content, out, archive.CHUNK)


def _group(name: str) -> tuple[str, str]:
    what, _, rest = name.partition("/")
    return what, rest.partition("/")[0]


def _count(conn: Connection, table: Any) -> int:
    return int(conn.scalar(select(func.count()).select_from(table)) or 0)


@contextmanager
def _databases(place: Place) -> Iterator[Mapping[str, Database]]:
    with ExitStack() as stack:
        found = {service: Database(url) for service, url in place.databases.items()}
        for db in found.values():
            stack.callback(db.dispose)
        yield found
