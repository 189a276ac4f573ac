"""Which item refers to which file, and which files may have lost their last reference."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, delete, insert, select, text

from services.common.database import announce
from services.resource.store.tables import file_ref, file_release

RELEASED = "files released"


def hold_still(conn: Connection) -> None:
    """Until the end of this transaction nobody else adds or drops a reference.

    So a file is never deleted between the moment it was found on disk and the reference to it.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE file_ref IN SHARE ROW EXCLUSIVE MODE"))


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
    for sha in sorted(hashes):
        if conn.scalar(select(file_release.c.sha256).where(file_release.c.sha256 == sha)) is None:
            conn.execute(insert(file_release).values(sha256=sha))
        announce(conn, RELEASED)


def is_referred(conn: Connection, sha256: str) -> bool:
    found = select(file_ref.c.item_id).where(file_ref.c.sha256 == sha256).limit(1)
    return conn.scalar(found) is not None


def refers(conn: Connection, item_id: str, sha256: str) -> bool:
    found = select(file_ref.c.item_id).where(file_ref.c.sha256 == sha256, file_ref.c.item_id == item_id)
    return conn.scalar(found) is not None


def released(conn: Connection, limit: int) -> list[str]:
    return list(conn.scalars(select(file_release.c.sha256).limit(limit)))


def settle(conn: Connection, sha256: str) -> None:
    """Takes a file off the list of those to look at again."""
    conn.execute(delete(file_release).where(file_release.c.sha256 == sha256))
