"""Streams of this node and of others: how far they are held, their newest heads, what stopped them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, and_, false, insert, or_, select, update

from fosse.federation.v1 import entry_pb2
from services.common.database import announce
from services.common.instants import instant
from services.federation.domain.chain import Position
from services.federation.domain.copies import StreamCopy
from services.federation.domain.faults import Fault
from services.federation.domain.intake import StreamKey
from services.federation.store.tables import streams


def hexed(epoch: int) -> str:
    return f"{epoch:016x}"


def copies(conn: Connection, keys: Iterable[StreamKey], *, locked: bool = False) -> dict[StreamKey, StreamCopy]:
    """Those of `keys` that are held at all; locked: nobody else moves them until the end of the transaction."""
    chosen = or_(false(), *(_is(key) for key in keys))
    found = select(streams).where(chosen).order_by(streams.c.node, streams.c.stream)
    rows = conn.execute(found.with_for_update() if locked else found)
    return {copy.key: copy for copy in map(_copy, rows)}


def of_node(conn: Connection, node: str) -> list[StreamCopy]:
    return [_copy(row) for row in conn.execute(select(streams).where(streams.c.node == node).order_by("stream"))]


def of_others(conn: Connection, node: str, names: Collection[str] | None = None) -> list[StreamCopy]:
    """`names`: those streams alone."""
    found = select(streams).where(streams.c.node != node).order_by(streams.c.node, streams.c.stream)
    chosen = found if names is None else found.where(streams.c.stream.in_(names))
    return [_copy(row) for row in conn.execute(chosen)]


def move(conn: Connection, key: StreamKey, position: Position) -> None:
    """The stream now reaches to `position`; what had stopped it did not, after all."""
    new = {"epoch": hexed(position.epoch), "seq": position.seq, "hash": position.hash, "fault": "", "alarm": ""}
    _put(conn, key, new)
    announce(conn, "entries")


def save_head(conn: Connection, key: StreamKey, head: entry_pb2.SignedHead, said: entry_pb2.HeadStatement) -> None:
    new = {
        "head_statement": head.statement,
        "head_signature": head.signature,
        "head_time": instant(said.time),
        "head_live_items": said.live_items,
    }
    _put(conn, key, new)


def stop(conn: Connection, key: StreamKey, fault: Fault, alarm: str) -> None:
    _put(conn, key, {"fault": fault.value, "alarm": alarm})


def go_on(conn: Connection, key: StreamKey) -> None:
    """Takes the alarm away."""
    _put(conn, key, {"fault": "", "alarm": ""})


def note_hub(conn: Connection, key: StreamKey, epoch: int, seq: int) -> None:
    _put(conn, key, {"hub_epoch": hexed(epoch), "hub_seq": seq})


_NEW: Mapping[str, Any] = {
    "epoch": hexed(0), "seq": 0, "hash": bytes(32), "head_statement": b"", "head_signature": b"",
    "head_live_items": 0, "fault": "", "alarm": "", "hub_epoch": hexed(0), "hub_seq": 0,
}  # fmt: skip


def _put(conn: Connection, key: StreamKey, values: Mapping[str, Any]) -> None:
    if not conn.execute(update(streams).where(_is(key)).values(**values)).rowcount:
        conn.execute(insert(streams).values({"node": key[0], "stream": key[1], **_NEW, **values}))


def _is(key: StreamKey) -> Any:
    return and_(streams.c.node == key[0], streams.c.stream == key[1])


def _copy(row: Any) -> StreamCopy:
    return StreamCopy(
        node=row.node,
        stream=row.stream,
        position=Position(int(row.epoch, 16), row.seq, row.hash),
        head=entry_pb2.SignedHead(statement=row.head_statement, signature=row.head_signature),
        head_time=row.head_time,
        head_live_items=row.head_live_items,
        fault=Fault(row.fault) if row.fault else None,
        alarm=row.alarm,
        hub_epoch=int(row.hub_epoch, 16),
        hub_seq=row.hub_seq,
    )
