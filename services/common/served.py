"""Which software a database serves, so that an upgrade stops nobody and can be called off (decision 0034).

Each migration is one of two kinds. An expansion adds: tables, columns that may be empty or have a default, indexes that
forbid nothing. Software from before it neither sees nor misses any of that, and goes on. A contraction takes away or
forbids something; it says `serves = "<revision>"`, the oldest version that does without what goes. Whatever came with
or after that version goes on, what is older is refused. Put into the release after the one that stopped using a thing,
a contraction runs by itself at the next upgrade, when nobody needs the thing any more and nobody has to remember it.

A database notes, for each branch of its versions, the oldest one that it serves. Software that has never heard of the
versions that the database is at looks whether it knows those: if so, it is served. It also notes with which versions
software last started on it: after an upgrade that was called off those are older than the database itself.
"""

from collections.abc import Iterable, Sequence

from alembic.script import Script, ScriptDirectory
from sqlalchemy import Column, Connection, String, Table, delete, insert, inspect, select, text

from services.common import privacy
from services.common.floor_tables import FLOOR

oldest_served = Table("oldest_served", FLOOR, Column("revision", String(32), primary_key=True, info=privacy.STATE))
last_started = Table("last_started", FLOOR, Column("revision", String(32), primary_key=True, info=privacy.STATE))


def steps(scripts: ScriptDirectory, found: Iterable[str]) -> Sequence[Script]:
    """What is still to be done to a database at the versions `found`, in order."""
    done = _up_to(scripts, found)
    return [each for each in reversed(list(scripts.walk_revisions())) if each.revision not in done]


def oldest(scripts: ScriptDirectory) -> set[str]:
    """The oldest version of each branch that is served by a database at the newest ones."""
    return {_oldest_below(scripts, head) for head in scripts.get_heads()}


def leaves_behind(scripts: ScriptDirectory, before: Iterable[str]) -> bool:
    """Once the database is at the newest versions, does it no longer serve the software whose newest are `before`?"""
    known = _up_to(scripts, before)
    return bool(known) and not oldest(scripts) <= known


def at_work(conn: Connection, found: set[str]) -> set[str]:
    """The newest versions of the software that last started here; of a database at `found` where none did yet."""
    if not inspect(conn).has_table(last_started.name):
        return found
    return set(conn.scalars(select(last_started.c.revision))) or found


def note(conn: Connection, scripts: ScriptDirectory) -> None:
    """Of a database that was just brought to the newest versions."""
    _put(conn, oldest_served, oldest(scripts))


def start(conn: Connection, heads: set[str]) -> None:
    """Software with these newest versions starts on it."""
    _put(conn, last_started, heads)


def is_served(conn: Connection, known: set[str]) -> bool:
    """Does this database, made newer by newer software, serve the one that knows these versions?"""
    if not inspect(conn).has_table(oldest_served.name):
        return False
    needed = set(conn.scalars(select(oldest_served.c.revision)))
    return bool(needed) and needed <= known


def somebody_works_on(conn: Connection) -> bool:
    """Is anybody else connected? On SQLite nobody: a data folder belongs to one process."""
    if conn.dialect.name == "sqlite":
        return False
    others = (
        "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() "
        "and backend_type = 'client backend'"
    )
    return bool(conn.scalar(text(others)))


def _put(conn: Connection, table: Table, revisions: set[str]) -> None:
    conn.execute(delete(table))
    conn.execute(insert(table), [{"revision": each} for each in sorted(revisions)])


def _oldest_below(scripts: ScriptDirectory, head: str) -> str:
    revision = head
    for script in scripts.iterate_revisions(head, "base"):
        if serves := getattr(script.module, "serves", ""):
            return str(serves)
        revision = script.revision
    return revision


def _up_to(scripts: ScriptDirectory, found: Iterable[str]) -> set[str]:
    return {each.revision for each in scripts.iterate_revisions(tuple(found), "base")} if found else set()
