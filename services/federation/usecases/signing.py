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
from services.federation.domain.sharing import Move, Placed, moves
from services.federation.domain.signing import Signer
from services.federation.domain.standing import Enrolment
from services.federation.domain.streams import Source
from services.federation.store import entries, files, items, registries, standing, to_sign
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


@dataclass(frozen=True)
class Signed:
    one: Prepared
    move: Move
    entry: entry_pb2.Entry
    hash: bytes


def may_sign(node: ThisNode, now: datetime) -> str:
    """Empty when what is shared now may be signed; else why not."""
    with node.db.read() as conn:
        known = standing.get(conn)
    if known is not None and known.state in (Enrolment.WITHDRAWING, Enrolment.LEAVING):
        return "This node is leaving its region, so nothing more is shared."
    if known is not None and known.state is Enrolment.LEFT:
        return "This node has left its region, so nothing is shared. To come back, ask the hub's operator for a code."
    return cannot_sign(node, now)


def cannot_sign(node: ThisNode, now: datetime) -> str:
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


def region(node: ThisNode) -> Registry:
    """The list of nodes in force, where `may_sign` found no reason against signing."""
    with node.db.read() as conn:
        held = registries.newest(conn)
    if held is None:
        raise Invalid("This node has not joined a region yet.")
    return held.registry


def plan(
    registry: Registry, own_id: str, shared: shareable_pb2.ReadSharedResponse, placed: Mapping[str, Placed]
) -> tuple[Move, ...]:
    """What is left to be said of an item, so that it stands where its audience says."""
    targets: Iterable[str] = ()
    if not shared.withdrawn:
        source = Source(own_id, shared.community_id, streams.is_shared(f"{own_id}/{shared.community_id}", registry))
        if unknown := [each for each in shared.node_ids if registry.node(each) is None]:
            raise Invalid(f"An item is for {len(unknown)} nodes that the region does not know (yet), so it waits.")
        targets = streams.streams_for(shared.audience, shared.node_ids, source)
    return tuple(moves(shared.version, set(targets), placed))


def receiver(registry: Registry, stream: str) -> KnownNode:
    """Whose key the bodies of a `to:` stream are sealed to."""
    node = registry.node(streams.parse(stream).node)
    if node is None:
        raise Invalid("The node that this is for is not in the region.")
    return node


def check_limits(registry: Registry, own_id: str, shared: shareable_pb2.ReadSharedResponse) -> None:
    """Refuses what every other node would set aside, before it is signed for good."""
    limits = registry.nodes[own_id].limits
    # Sealing and framing add little; a tenth is more than they need.
    if len(shared.body) * 1.1 > limits.entry_bytes:
        raise Invalid("An item is too large to be shared. Shorten its text, then publish it again.")
    if any(file.size * 1.01 > limits.file_bytes for file in shared.files):
        most = limits.file_bytes // 1_000_000
        raise Invalid(f"An item has a file that is too large to be shared: at most {most} MB. Replace it by a link.")


def sign(node: ThisNode, prepared: Sequence[Prepared], now: datetime) -> list[str]:
    """Signs and appends; returns files to drop, which nobody names any more."""
    signed: list[Signed] = []
    with node.db.write() as conn:
        keys = {(node.id, move.stream) for one in prepared for move in one.moves}
        positions = {key: copy.position for key, copy in kept.copies(conn, keys, locked=True).items()}
        for one in prepared:
            for move in one.moves:
                key = (node.id, move.stream)
                before = positions.get(key) or Position.start(secrets.randbits(64) or 1)
                entry = make_entry(
                    node.signer, _step(one, move), position=before, salt=secrets.token_bytes(SALT_BYTES), time=now
                )
                positions[key] = position_of(entry)
                signed.append(Signed(one, move, entry, positions[key].hash))
            to_sign.done(conn, one.shared.item_id, one.shared.version)
        dropped = _keep(conn, node.id, signed, now)
        for key, position in sorted(positions.items()):
            kept.move(conn, key, position)
        for copy in kept.copies(conn, keys).values():
            _sign_head(conn, node.signer, copy, now)
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


def _step(one: Prepared, move: Move) -> Step:
    put = move.operation == shareable_pb2.OPERATION_PUT
    written = one.written[move.stream] if put else Written()
    return Step(
        stream=move.stream,
        community=one.shared.community_id,
        item=one.shared.item_id,
        item_version=move.version,
        operation=move.operation,
        schema=one.shared.schema if put else "",
        body=written.body,
        files=written.files,
    )


def _keep(conn: Connection, own_id: str, signed: Sequence[Signed], now: datetime) -> list[str]:
    rows = [
        (entry_pb2.EntryHeader.FromString(each.entry.header), each.hash, each.entry, EntryState.OWN) for each in signed
    ]
    numbers = entries.add(conn, rows, now)
    items.own(conn, {each.one.shared.item_id for each in signed}, own_id)
    dropped: list[str] = []
    for each, number in zip(signed, numbers, strict=True):
        item, key = each.one.shared.item_id, (own_id, each.move.stream)
        items.place(conn, item, each.move.stream, each.move.after)
        if each.move.after.live:
            refs = each.one.written[each.move.stream].files
            files.name(conn, number, key, item, refs, RefState.KEPT)
            for ref in refs:
                files.note_held(conn, ref.sha256)
        else:
            dropped += erase(conn, key, item, each.move.version)
    return dropped


def _sign_head(conn: Connection, signer: Signer, copy: StreamCopy, now: datetime) -> None:
    live = items.live_in(conn, copy.stream)
    head = heads.make_head(signer, copy.stream, position=copy.position, live_items=live, time=now)
    kept.save_head(conn, copy.key, head, entry_pb2.HeadStatement.FromString(head.statement))


def _is_fresh(copy: StreamCopy, now: datetime) -> bool:
    return copy.head_time is not None and now - copy.head_time < SIGN_HEADS_AGAIN
