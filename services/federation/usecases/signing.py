"""What this node says to others: an item that changed is signed and appended to the streams of its audience.

One writer at a time (the caller holds the lock): positions never fork. Bodies and files of `to:` streams are sealed
before the transaction; what is signed and where the streams then stand is written in one.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import heads, streams
from services.federation.domain.chain import Position
from services.federation.domain.copies import EntryState, StreamCopy
from services.federation.domain.entries import SALT_BYTES, Step, make_entry, position_of
from services.federation.domain.registry import KnownNode, Registry
from services.federation.domain.sharing import Move, moves
from services.federation.domain.signing import Signer
from services.federation.domain.streams import Source
from services.federation.store import entries, files, items, registries, to_sign
from services.federation.store import streams as kept
from services.federation.store.files import RefState
from services.federation.store.to_sign import ToSign
from services.federation.this_node import ThisNode
from services.federation.usecases.intake import erase

SIGN_HEADS_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True)
class Written:
    """Body and files of an item as they go into one stream: sealed there where the stream is."""

    body: bytes = b""
    files: tuple[shareable_pb2.FileRef, ...] = ()


@dataclass(frozen=True)
class Prepared:
    """An item with all that must be said of it, by stream."""

    asked: ToSign
    shared: shareable_pb2.ReadSharedResponse
    moves: tuple[Move, ...]
    written: Mapping[str, Written]


def may_sign(node: ThisNode, now: datetime) -> str:
    """Empty when an entry signed now would be taken everywhere; else why not."""
    with node.db.read() as conn:
        held = registries.newest(conn)
    if held is None:
        return "This node has not joined a region yet."
    own = held.registry.node(node.id)
    if held.registry.expired(now):
        return "The hub's list of nodes has run out. What is held stays; sharing goes on when the hub answers again."
    if own is None or not own.may_publish:
        return "The region does not take entries of this node at present. Ask the hub's operator."
    return own.signing_problem(node.signer.key_id, now) or ""


def plan(conn: Connection, shared: shareable_pb2.ReadSharedResponse, node_id: str) -> tuple[Move, ...]:
    """What is left to be said of an item, so that it stands where its audience says."""
    held = registries.newest(conn)
    registry = held.registry if held else None
    targets: Iterable[str] = ()
    if registry and not shared.withdrawn:
        source = Source(node_id, shared.community_id, _is_shared(registry, f"{node_id}/{shared.community_id}"))
        named = [each for each in shared.node_ids if registry.node(each)]
        targets = streams.streams_for(shared.audience, named, source)
    return tuple(moves(shared.version, set(targets), items.placements(conn, shared.item_id)))


def receiver(conn: Connection, stream: str) -> KnownNode:
    """Whose key the bodies of a `to:` stream are sealed to."""
    held = registries.newest(conn)
    node = held.registry.node(streams.parse(stream).node) if held else None
    if node is None:
        raise Invalid("The node that this is for is not in the region.")
    return node


def check_limits(conn: Connection, node_id: str, shared: shareable_pb2.ReadSharedResponse) -> None:
    """Refuses what every other node would set aside, before it is signed for good."""
    held = registries.newest(conn)
    own = held.registry.node(node_id) if held else None
    if own is None:
        return
    # Sealing and framing add little; a tenth is more than they need.
    if len(shared.body) * 1.1 > own.limits.entry_bytes:
        raise Invalid("An item is too large to be shared. Shorten its text, then publish it again.")
    if any(file.size * 1.01 > own.limits.file_bytes for file in shared.files):
        limit = own.limits.file_bytes // 1_000_000
        raise Invalid(f"An item has a file that is too large to be shared: at most {limit} MB. Replace it by a link.")


def sign(node: ThisNode, prepared: Sequence[Prepared], now: datetime) -> list[str]:
    """Signs and appends; returns files to drop, which nobody names any more."""
    dropped: list[str] = []
    with node.db.write() as conn:
        for one in prepared:
            for move in one.moves:
                dropped += _append(conn, node, one, move, now)
            to_sign.done(conn, one.shared.item_id, one.shared.version)
        for stream in sorted({move.stream for one in prepared for move in one.moves}):
            _sign_head(conn, node.signer, kept.copies(conn, [(node.id, stream)])[node.id, stream], now)
    return dropped


def sign_heads_again(node: ThisNode, now: datetime) -> int:
    """Without news too, a head's age is how others see whether this node still speaks."""
    with node.db.write() as conn:
        old = [copy for copy in kept.of_node(conn, node.id) if not _is_fresh(copy, now)]
        for copy in old:
            _sign_head(conn, node.signer, copy, now)
    return len(old)


def has_old_heads(conn: Connection, node_id: str, now: datetime) -> bool:
    return any(not _is_fresh(copy, now) for copy in kept.of_node(conn, node_id))


def _append(conn: Connection, node: ThisNode, one: Prepared, move: Move, now: datetime) -> list[str]:
    key = (node.id, move.stream)
    there = kept.copies(conn, [key], locked=True).get(key)
    position = there.position if there else Position.start(secrets.randbits(64) or 1)
    put = move.operation == shareable_pb2.OPERATION_PUT
    written = one.written[move.stream] if put else Written()
    step = Step(
        stream=move.stream,
        community=one.shared.community_id,
        item=one.shared.item_id,
        item_version=move.version,
        operation=move.operation,
        schema=one.shared.schema if put else "",
        body=written.body,
        files=written.files,
    )
    entry = make_entry(node.signer, step, position=position, salt=secrets.token_bytes(SALT_BYTES), time=now)
    return _keep(conn, entry, key, move, written, now)


def _keep(
    conn: Connection, entry: entry_pb2.Entry, key: tuple[str, str], move: Move, written: Written, now: datetime
) -> list[str]:
    header = entry_pb2.EntryHeader.FromString(entry.header)
    reached = position_of(entry)
    (number,) = entries.add(conn, [(header, reached.hash, entry, EntryState.OWN)], now)
    kept.move(conn, key, reached)
    items.place(conn, header.item, key[0], key[1], move.after)
    files.name(conn, number, key, header.item, written.files, RefState.KEPT)
    for file in written.files:
        files.note_held(conn, file.sha256)
    return [] if move.after.live else erase(conn, key, header.item, header.item_version)


def _sign_head(conn: Connection, signer: Signer, copy: StreamCopy, now: datetime) -> None:
    live = items.live_in(conn, copy.stream)
    head = heads.make_head(signer, copy.stream, position=copy.position, live_items=live, time=now)
    kept.save_head(conn, copy.key, head, entry_pb2.HeadStatement.FromString(head.statement))


def _is_fresh(copy: StreamCopy, now: datetime) -> bool:
    return copy.head_time is not None and now - copy.head_time < SIGN_HEADS_AGAIN


def _is_shared(registry: Registry, place: str) -> bool:
    return any(place in node.admitted_to for node in registry.nodes.values())
