"""Files on their way: which entries name them, and which are here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from fosse.common.v1 import shareable_pb2
from services.common.database import announce
from services.federation.domain.copies import EntryState
from services.federation.domain.intake import StreamKey
from services.federation.store.tables import entries, file_refs, files


class RefState(StrEnum):
    # This node only keeps it for others, or it is its own.
    KEPT = "kept"
    # To be handed to the service that took the entry.
    DUE = "due"
    GIVEN = "given"


@dataclass(frozen=True)
class FileRef:
    """One entry's naming of a file."""

    sha256: str
    size: int
    number: int
    node: str
    stream: str
    item: str


_WANTED = (file_refs.c.state == RefState.DUE, files.c.held.is_(False))


def name(
    conn: Connection,
    number: int,
    key: StreamKey,
    item: str,
    refs: Sequence[shareable_pb2.FileRef],
    state: RefState,
) -> None:
    """The entry with this number names these files."""
    if not refs:
        return
    there = set(conn.scalars(select(files.c.sha256).where(files.c.sha256.in_([ref.sha256 for ref in refs]))))
    new = [{"sha256": ref.sha256, "held": False} for ref in refs if ref.sha256 not in there]
    if new:
        conn.execute(insert(files), new)
    entry = {"position": number, "node": key[0], "stream": key[1], "item": item, "state": state}
    conn.execute(insert(file_refs), [{"sha256": ref.sha256, "size": ref.size, **entry} for ref in refs])
    announce(conn, "files")


def forget(conn: Connection, numbers: Sequence[int]) -> list[str]:
    """These entries were erased: returns the files that nobody names any more."""
    gone = set(conn.scalars(select(file_refs.c.sha256).where(file_refs.c.position.in_(numbers))))
    conn.execute(delete(file_refs).where(file_refs.c.position.in_(numbers)))
    still = set(conn.scalars(select(file_refs.c.sha256).where(file_refs.c.sha256.in_(gone))))
    conn.execute(delete(files).where(files.c.sha256.in_(gone - still)))
    return sorted(gone - still)


def note_held(conn: Connection, sha256: str) -> None:
    conn.execute(update(files).where(files.c.sha256 == sha256).values(held=True))
    announce(conn, "files")


def note_dropped(conn: Connection, sha256: str) -> None:
    conn.execute(update(files).where(files.c.sha256 == sha256).values(held=False))


def named_by(conn: Connection, sha256: str, node: str) -> list[FileRef]:
    """How this node's entries name a file."""
    return _refs(conn, file_refs.c.sha256 == sha256, file_refs.c.node == node)


def is_named(conn: Connection, sha256: str, streams: Collection[str]) -> bool:
    """Whether an entry in one of these streams names the file."""
    where = (file_refs.c.sha256 == sha256, file_refs.c.stream.in_(streams))
    return conn.execute(select(file_refs.c.position).where(*where).limit(1)).first() is not None


def missing(conn: Connection, limit: int) -> list[FileRef]:
    """Files that a service waits for and that are not here: of each origin the oldest, each once in each size.

    Of each origin, so that one whose files never come keeps nobody else's from being asked for.
    """
    found = [ref for origin in lacking(conn) for ref in _refs(conn, *_WANTED, file_refs.c.node == origin, limit=limit)]
    return list({(ref.sha256, ref.size): ref for ref in reversed(found)}.values())[::-1]


def to_give(conn: Connection, limit: int) -> list[FileRef]:
    """Files that are here, of entries that a service has taken, and that it waits for."""
    taken = select(entries.c.position).where(entries.c.state == EntryState.APPLIED)
    waits = (file_refs.c.state == RefState.DUE, file_refs.c.position.in_(taken))
    return _refs(conn, *waits, files.c.held, limit=limit)


def note_given(conn: Connection, ref: FileRef) -> bool:
    """Returns whether nothing else on this node waits for the file, or keeps it for others."""
    which = (file_refs.c.sha256 == ref.sha256, file_refs.c.position == ref.number)
    conn.execute(update(file_refs).where(*which).values(state=RefState.GIVEN))
    needed = select(func.count()).select_from(file_refs)
    needed = needed.where(file_refs.c.sha256 == ref.sha256, file_refs.c.state != RefState.GIVEN)
    return not conn.scalar(needed)


def of_node(conn: Connection, node: str, after: int, up_to: int, limit: int) -> list[FileRef]:
    """Files that a node's entries after one number and up to another name, in their order."""
    between = (file_refs.c.position > after, file_refs.c.position <= up_to)
    return _refs(conn, file_refs.c.node == node, *between, limit=limit)


def lacking(conn: Connection) -> dict[str, int]:
    """By origin: files that a service waits for and that are not here."""
    found = (
        select(file_refs.c.node, func.count(file_refs.c.sha256.distinct()))
        .join(files, files.c.sha256 == file_refs.c.sha256)
        .where(*_WANTED)
        .group_by(file_refs.c.node)
    )
    return {node: count for node, count in conn.execute(found)}


def known(conn: Connection, hashes: Collection[str]) -> set[str]:
    return set(conn.scalars(select(files.c.sha256).where(files.c.sha256.in_(hashes))))


def _refs(conn: Connection, *where: ColumnElement[bool], limit: int = 1000) -> list[FileRef]:
    place = (file_refs.c[name] for name in ("position", "node", "stream", "item"))
    columns = (file_refs.c.sha256, file_refs.c.size, *place)
    found = select(*columns).join(files, files.c.sha256 == file_refs.c.sha256).where(*where)
    return [FileRef(*row) for row in conn.execute(found.order_by(file_refs.c.position).limit(limit))]
