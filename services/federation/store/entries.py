"""Entries as they were signed, in the order of arrival, and what became of each."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, and_, func, insert, or_, select, tuple_, update

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain.copies import EntryState, KeptEntry
from services.federation.domain.entries import LARGEST_NUMBER
from services.federation.domain.intake import StreamKey
from services.federation.store.streams import hexed
from services.federation.store.tables import entries, items

Place = tuple[str, str, int, int]
"""(origin, stream, epoch, seq)."""
_A_FEW = 20


def add(
    conn: Connection,
    new: Sequence[tuple[entry_pb2.EntryHeader, bytes, entry_pb2.Entry, EntryState]],
    now: datetime,
) -> list[int]:
    """Adds entries with their hashes; returns their numbers in the order of arrival."""
    if not new:
        return []
    rows = [_row(header, hash_, entry, state, now) for header, hash_, entry, state in new]
    statement = insert(entries).returning(entries.c.position, sort_by_parameter_order=True)
    return list(conn.scalars(statement, rows))


def hashes(conn: Connection, places: Iterable[Place]) -> dict[Place, bytes]:
    """Of those places where an entry is held."""
    wanted = [(node, stream, hexed(epoch), seq) for node, stream, epoch, seq in places]
    columns = (entries.c.node, entries.c.stream, entries.c.epoch, entries.c.seq)
    found = conn.execute(select(*columns, entries.c.hash).where(tuple_(*columns).in_(wanted)))
    return {(row.node, row.stream, int(row.epoch, 16), row.seq): row.hash for row in found}


def after(conn: Connection, key: StreamKey, epoch: int, seq: int, limit: int) -> Iterator[KeptEntry]:
    """Entries of a stream that arrived after the one at (epoch, seq); from the first where that one is not held.

    Read a few at a time, as they are asked for: five hundred large ones would be a hundred megabytes.
    """
    place = (entries.c.epoch == hexed(epoch), entries.c.seq == min(seq, LARGEST_NUMBER))
    reached = conn.scalar(select(entries.c.position).where(_in(key), *place)) or 0
    while limit > 0:
        later = _kept().where(_in(key), entries.c.position > reached).order_by(entries.c.position)
        rows = conn.execute(later.limit(min(limit, _A_FEW))).all()
        yield from map(_entry, rows)
        if len(rows) < _A_FEW:
            return
        reached, limit = rows[-1].position, limit - len(rows)


def due(conn: Connection, limit: int) -> list[KeptEntry]:
    """Verified entries that no service has taken yet, in the order of arrival."""
    found = _kept().where(entries.c.state == EntryState.DUE).order_by(entries.c.position).limit(limit)
    return [_entry(row) for row in conn.execute(found)]


def numbered(conn: Connection, number: int) -> KeptEntry | None:
    row = conn.execute(_kept().where(entries.c.position == number)).one_or_none()
    return _entry(row) if row else None


def newest_of(conn: Connection, node: str) -> int:
    """The number of the node's newest entry; 0 without any."""
    newest = select(entries.c.position).where(entries.c.node == node).order_by(entries.c.position.desc()).limit(1)
    return conn.scalar(newest) or 0


def mark(conn: Connection, numbers: Sequence[int], state: EntryState) -> None:
    if numbers:
        conn.execute(update(entries).where(entries.c.position.in_(numbers)).values(state=state))


def offer_waiting_again(conn: Connection) -> int:
    """What waited for an upgrade is due again."""
    waiting = update(entries).where(entries.c.state == EntryState.WAITS)
    return conn.execute(waiting.values(state=EntryState.DUE)).rowcount


def erase(conn: Connection, key: StreamKey, item: str, version: int) -> list[int]:
    """Empties the contents of an item's puts in one stream, up to `version`; returns the numbers of those entries."""
    gone = and_(
        _in(key),
        entries.c.item == item,
        entries.c.item_version <= version,
        entries.c.operation == shareable_pb2.OPERATION_PUT,
    )
    numbers = list(conn.scalars(select(entries.c.position).where(gone)))
    conn.execute(update(entries).where(entries.c.position.in_(numbers)).values(content=b""))
    pending = entries.c.state.in_([EntryState.DUE, EntryState.WAITS])
    conn.execute(update(entries).where(entries.c.position.in_(numbers), pending).values(state=EntryState.HOLLOW))
    return numbers


def newest_put(conn: Connection, item: str) -> KeptEntry | None:
    """The put with the item's highest version, of its owner, that was believed."""
    owner = select(items.c.owner).where(items.c.item == item).scalar_subquery()
    found = _kept().where(
        entries.c.item == item,
        entries.c.node == owner,
        entries.c.operation == shareable_pb2.OPERATION_PUT,
        entries.c.state.not_in([EntryState.QUARANTINED, EntryState.RELAYED]),
    )
    row = conn.execute(found.order_by(entries.c.item_version.desc(), entries.c.position.desc()).limit(1)).one_or_none()
    return _entry(row) if row else None


def count_after(conn: Connection, key: StreamKey, epoch: int, seq: int) -> int:
    """How many entries of a stream the hub lacks, which stands at (epoch, seq)."""
    newer = or_(entries.c.epoch != hexed(epoch), entries.c.seq > seq)
    return int(conn.scalar(select(func.count()).select_from(entries).where(_in(key), newer)) or 0)


def count_lately(conn: Connection, node: str, now: datetime) -> int:
    """Entries of a node that arrived in the last 24 hours."""
    lately = and_(entries.c.node == node, entries.c.received_at > now - timedelta(days=1))
    return int(conn.scalar(select(func.count()).select_from(entries).where(lately)) or 0)


def counts(conn: Connection, state: EntryState) -> dict[str, int]:
    """By origin."""
    found = select(entries.c.node, func.count()).where(entries.c.state == state).group_by(entries.c.node)
    return {node: count for node, count in conn.execute(found)}


def _row(
    header: entry_pb2.EntryHeader, hash_: bytes, entry: entry_pb2.Entry, state: EntryState, now: datetime
) -> dict[str, Any]:
    return {
        "node": header.node,
        "stream": header.stream,
        "epoch": hexed(header.epoch),
        "seq": header.seq,
        "hash": hash_,
        "header": entry.header,
        "signature": entry.signature,
        "content": entry.content,
        "operation": header.operation,
        "item": header.item,
        "item_version": header.item_version,
        "schema": header.schema,
        "received_at": now,
        "state": state,
    }


def _in(key: StreamKey) -> Any:
    return and_(entries.c.node == key[0], entries.c.stream == key[1])


def _kept() -> Select[Any]:
    columns = ("position", "hash", "header", "signature", "content", "state")
    return select(*(entries.c[name] for name in columns))


def _entry(row: Any) -> KeptEntry:
    entry = entry_pb2.Entry(header=row.header, signature=row.signature, content=row.content)
    return KeptEntry(row.position, row.hash, entry, EntryState(row.state))
