"""Keycloak's accounts: people with their passwords' hashes and one-time codes, without the realm around them.

Keycloak gives those out by its own export alone, which takes a second Keycloak and leaves them in clear on a disk. So
they are rows like all others here. A restore comes before Keycloak's first start, when it has no tables yet: they wait
in a schema of their own, and set-up puts them into the realm that it has made, before anybody can sign in there.
People keep their numbers, which are the subjects of their tokens, and so stay who they are.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

from sqlalchemy import (
    ColumnElement,
    Connection,
    MetaData,
    Select,
    Table,
    and_,
    func,
    insert,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema, DropSchema

from services.common.database import Database
from services.common.errors import Conflict
from services.node.backup import rows
from services.node.backup.rows import Shape

REALM, NAME = "fosse", "keycloak"
PEOPLE = "user_entity"
_ROLES, _GIVEN = "keycloak_role", "user_role_mapping"
_WAITING = "restored"
_PATIENCE_S = 4 * 3600.0
_OURS = "realm_id = (select id from realm where name = 'fosse')"
# Accounts of clients are made with their clients.
_A_PERSON = f"{_OURS} and service_account_client_link is null"
_OF_A_PERSON = f"user_id in (select id from {PEOPLE} where {_A_PERSON})"  # noqa: S608  # of the words above alone
# Which rows of each table; those that others name come first.
TABLES: Mapping[str, str] = {
    _ROLES: f"not client_role and {_OURS}",
    PEOPLE: _A_PERSON,
    "credential": _OF_A_PERSON,
    "user_attribute": _OF_A_PERSON,
    "user_required_action": _OF_A_PERSON,
    "federated_identity": _OF_A_PERSON,
    _GIVEN: _OF_A_PERSON,
}
_STILL_WAITING = (
    "Accounts that were restored here wait for Keycloak's first start and would not be in this backup. Nothing was "
    "written. Start the node once with `docker compose up -d --wait`, then back it up."
)
_OTHER_KEYCLOAK = (
    "The accounts that were restored come from a Keycloak that keeps more about them than this one ({}). They wait; "
    "nothing was changed. Start the Keycloak that the backup was made with, or a newer one."
)


def kept(conn: Connection) -> list[Table]:
    """The tables to be read, as Keycloak made them; none where it never started.

    Raises `Conflict` where accounts wait for it.
    """
    there = inspect(conn)
    if there.has_schema(_WAITING):
        raise Conflict(_STILL_WAITING)
    return [_as_it_is(conn, name) for name in TABLES] if there.has_table(PEOPLE) else []


def only(table: Table) -> ColumnElement[bool]:
    """Which of its rows are about people of the node's own realm."""
    return and_(text(TABLES[table.name]))


def any_there(conn: Connection) -> bool:
    return inspect(conn).has_table(PEOPLE)


def make_room(conn: Connection, shapes: Mapping[str, Shape]) -> None:
    """Forgets those that waited of a restore before, and makes tables for these."""
    conn.execute(DropSchema(_WAITING, cascade=True, if_exists=True))
    if not shapes:
        return
    conn.execute(CreateSchema(_WAITING))
    for name, shape in shapes.items():
        rows.made_of(shape, name, _WAITING).create(conn)


def put(conn: Connection, name: str, shape: Shape, content: BinaryIO) -> None:
    for block in rows.blocks(content):
        rows.put(conn, name, shape, block, schema=_WAITING)


def let_in(database: str) -> int:
    """Puts those that wait into the realm, which is there; returns how many people. Killed, it has done nothing.

    Raises `Conflict` where they do not fit this Keycloak, or its database does not answer.
    """
    with opened(database) as conn:
        if not inspect(conn).has_schema(_WAITING):
            return 0
        realm = str(conn.scalar(text("select id from realm where name = :name"), {"name": REALM}))
        waiting = {name: _as_it_is(conn, name, _WAITING) for name in TABLES}
        for name in TABLES:
            if name != _ROLES:
                _copy(conn, waiting, name, realm)
        conn.execute(DropSchema(_WAITING, cascade=True))
        return int(conn.scalar(select(func.count()).select_from(_as_it_is(conn, PEOPLE)).where(text(_A_PERSON))) or 0)


def _copy(conn: Connection, waiting: Mapping[str, Table], name: str, realm: str) -> None:
    source, target = waiting[name], _as_it_is(conn, name)
    unknown = sorted(set(source.columns.keys()) - set(target.columns.keys()))
    if unknown:
        raise Conflict(_OTHER_KEYCLOAK.format(", ".join(f"{name}.{each}" for each in unknown)))
    values: dict[str, ColumnElement[Any]] = dict(source.columns.items())
    if "realm_id" in values:
        values["realm_id"] = literal(realm)
    found: Select[Any] = select(*values.values())
    if name == _GIVEN:
        # Roles have other numbers in another realm, and the same names.
        before, now = waiting[_ROLES], _as_it_is(conn, _ROLES)
        same = (now.c.name == before.c.name, now.c.realm_id == realm, now.c.client_role.is_(False))
        values["role_id"] = now.c.id
        found = select(*values.values()).join_from(source, before, before.c.id == source.c.role_id).where(*same)
    conn.execute(insert(target).from_select(list(values), found))


def _as_it_is(conn: Connection, name: str, schema: str | None = None) -> Table:
    return Table(name, MetaData(), schema=schema, autoload_with=conn, resolve_fks=False)


@contextmanager
def opened(database: str) -> Iterator[Connection]:
    db = Database(database)
    try:
        with db.write(statement_timeout_s=_PATIENCE_S) as conn:
            yield conn
    except OperationalError as error:
        raise Conflict(
            "Keycloak's database does not answer. Nothing was changed. Is PostgreSQL running, with the volume that "
            "belongs to these secrets?"
        ) from error
    finally:
        db.dispose()
