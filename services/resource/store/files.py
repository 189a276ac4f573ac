"""Which item refers to which file, and which files may have lost their last reference."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select, text

from services.common.database import announce
from services.resource.store.tables import file_ref, file_release

RELEASED = "files released"


def keep(conn: Connection) -> None:
    """Until the end of this transaction no file is deleted: what is on disk now is there when it is referred to."""
    _lock(conn, "pg_advisory_xact_lock_shared")


def hold_still(conn: Connection) -> None:
    """Until the end of this transaction nobody begins to refer to a file."""
    _lock(conn, "pg_advisory_xact_lock")


def refer(conn: Connection, wanted: Mapping[str, Iterable[str]]) -> None:
    """Makes the references of each item exactly these; what it no longer names is released."""
    if not wanted:
        return
    rows = conn.execute(select(file_ref).where(file_ref.c.item_id.in_(wanted)))
    have = {(row.sha256, row.item_id) for row in rows}
    want = {(sha, item) for item, hashes in wanted.items() for sha in hashes}
    if new := want - have:
        conn.execute(insert(file_ref), [{"sha256": sha, "item_id": item} for sha, item in sorted(new)])
    for sha, item in sorted(have - want):
        conn.execute(delete(file_ref).where(file_ref.c.sha256 == sha, file_ref.c.item_id == item))
    release(conn, {sha for sha, _ in have - want})


def release(conn: Connection, hashes: Iterable[str]) -> None:
    """Notes that these files may have lost their last reference."""
    if rows := [{"sha256": sha} for sha in sorted(hashes)]:
        conn.execute(insert(file_release), rows)
        announce(conn, RELEASED)


def is_referred(conn: Connection, sha256: str) -> bool:
    found = select(file_ref.c.item_id).where(file_ref.c.sha256 == sha256).limit(1)
    return conn.scalar(found) is not None


def referred(conn: Connection, hashes: Iterable[str]) -> set[str]:
    """Those of them that any item refers to."""
    return set(conn.scalars(select(file_ref.c.sha256).where(file_ref.c.sha256.in_(hashes))))


def refers(conn: Connection, item_id: str, sha256: str) -> bool:
    found = select(file_ref.c.item_id).where(file_ref.c.sha256 == sha256, file_ref.c.item_id == item_id)
    return conn.scalar(found) is not None


def released(conn: Connection, limit: int) -> list[tuple[int, str]]:
    """Number and file of releases to look at, oldest first."""
    rows = conn.execute(select(file_release).order_by(file_release.c.number).limit(limit))
    return [(row.number, row.sha256) for row in rows]


def settle(conn: Connection, number: int) -> None:
    """Takes one release off the list of those to look at."""
    conn.execute(delete(file_release).where(file_release.c.number == number))


def _lock(conn: Connection, how: str) -> None:
    # On SQLite one writes at a time anyway.
    if conn.dialect.name == "postgresql":
        conn.execute(text(f"select {how}(hashtext('fosse files'))"))
