"""What becomes of an entry that arrives: size, registry, signature, chain, owner, resurrection, schema, in this order.

`decide` looks and answers, `record` notes the answer in the state; a store that takes a batch loads the state that the
batch touches, goes through it with `take`, and writes rows, items and positions in one transaction. Crash in between,
and the same entries come again: what is held already changes nothing.

A stream fault leaves the position where it was, so that the right entry can still come; only a fork stays until a
person decides. An entry fault sets one entry aside and the stream goes on; a hub relays such an entry too, or its
readers would see a gap, but a put without its content, so that nobody takes for good what the hub refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import items, streams
from services.federation.domain.chain import NOTHING, Link, Position, check_next
from services.federation.domain.entries import Verified, read_header, size_of, verify_entry
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.items import Effect, Item
from services.federation.domain.registry import KnownNode, Registry

StreamKey = tuple[str, str]


class Verdict(Enum):
    # Stored, and handed to the services.
    APPLY = "apply"
    # Stored by a hub for those who may read it; not for the hub itself.
    RELAY = "relay"
    # Stored, changes nothing: something newer came before it by another stream.
    SUPERSEDED = "superseded"
    # Stored without content, which was erased.
    HOLLOW = "hollow"
    # Stored, and offered again after an upgrade.
    WAIT = "wait"
    # Stored with its fault, never handed on; the stream goes on.
    QUARANTINE = "quarantine"
    # Held before: nothing to do.
    ALREADY_HELD = "already_held"
    # Not stored; the stream stands still.
    STOP = "stop"

    @property
    def stores(self) -> bool:
        return self not in (Verdict.ALREADY_HELD, Verdict.STOP)


@dataclass(frozen=True)
class Decision:
    verdict: Verdict
    fault: Fault | None = None
    # A sentence for an operator.
    reason: str = ""
    # Absent when the entry cannot be believed.
    verified: Verified | None = None
    # What is known of the item afterwards; None: as before.
    item: Item | None = None
    # Of what origin and stream the entry says it is, believed or not; None when even that cannot be read.
    stream: StreamKey | None = None


@dataclass
class State:
    """What intake must know of what is held; for a batch, the part that the batch touches."""

    positions: dict[StreamKey, Position] = field(default_factory=dict)
    # Entry hash by (origin, stream, epoch, seq), for those numbers of the batch that are held.
    hashes: dict[tuple[str, str, int, int], bytes] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    # Streams with a fork: nothing of them is taken.
    forked: set[StreamKey] = field(default_factory=set)


@dataclass(frozen=True)
class Reader:
    """Who takes entries in: this node, by the registry in force, knowing these schemas (none given: all)."""

    node: str
    registry: Registry
    now: datetime
    schemas: frozenset[str] | None = None
    # At a hub: who publishes, and may do so for itself alone.
    publisher: str | None = None

    @property
    def is_hub(self) -> bool:
        return self.registry.hub == self.node


def take(state: State, batch: Iterable[entry_pb2.Entry], reader: Reader) -> Iterator[Decision]:
    """Decides and records one entry after the other."""
    for entry in batch:
        decision = decide(state, entry, reader)
        record(state, decision)
        yield decision


def decide(state: State, entry: entry_pb2.Entry, reader: Reader) -> Decision:
    stream = None
    try:
        header = read_header(entry)
        stream = (header.node, header.stream)
        node = _admitted(header, reader)
        if stream not in state.positions and not streams.may_begin(header.stream, header.node, reader.registry):
            raise Forged(Fault.STREAM, "No other node is admitted to this community, so it has no stream.")
        verified = verify_entry(entry, node, header=header)
    except Forged as forged:
        return Decision(Verdict.STOP, forged.fault, forged.sentence, stream=stream)
    decision = _in_order(state, verified) or _oversize(state, entry, header, node) or _settled(state, verified, reader)
    return replace(decision, verified=verified, stream=stream)


def record(state: State, decision: Decision) -> None:
    verified, key = decision.verified, decision.stream
    if verified is None or key is None:
        return
    if decision.fault is Fault.FORK:
        state.forked.add(key)
    if decision.verdict.stores:
        state.positions[key] = verified.position
        state.hashes[(*key, verified.header.epoch, verified.header.seq)] = verified.hash
    if decision.item:
        state.items[verified.header.item] = decision.item


def _admitted(header: entry_pb2.EntryHeader, reader: Reader) -> KnownNode:
    """Raises Forged unless the registry lets this origin write this stream, and us hold it."""
    registry = reader.registry
    node = registry.node(header.node)
    if reader.publisher not in (None, header.node):
        raise Forged(Fault.KEY, "A node publishes its own entries, and no other's.")
    if registry.expired(reader.now):
        raise Forged(Fault.REGISTRY, "Our copy of the hub's list of nodes has expired. What is held stays as it is.")
    if node is None:
        raise Forged(Fault.REGISTRY, "The hub's list of nodes does not know this origin.")
    # What a node signed before it left is on its way to others still; the hub lets it in at no door any more.
    if not (node.may_publish or node.has_left):
        raise Forged(Fault.STATUS, f"The region does not take entries of {node.slug} at present.")
    if not streams.may_write(header.stream, node.id, registry):
        raise Forged(Fault.STREAM, f"{node.slug} may not write to this stream.")
    if not (reader.is_hub or streams.may_read(header.stream, reader.node, registry)):
        raise Forged(Fault.STREAM, "This entry is not for us, so it is not kept.")
    return node


_STOPS = {
    Link.GAP: (Fault.GAP, "Entries between what we hold and this one are missing."),
    Link.FORK: (Fault.FORK, "The origin signed two different histories. A person must find out which one holds."),
    Link.NEW_EPOCH: (Fault.NEW_EPOCH, "The origin began its stream anew, which needs newer software here."),
}


def _in_order(state: State, verified: Verified) -> Decision | None:
    header = verified.header
    key = (header.node, header.stream)
    held_hash = state.hashes.get((*key, header.epoch, header.seq))
    link = check_next(state.positions.get(key, NOTHING), header, verified.hash, held_hash=held_hash)
    if link is Link.ALREADY_HELD:
        return Decision(Verdict.ALREADY_HELD)
    if key in state.forked:
        link = Link.FORK
    return Decision(Verdict.STOP, *_STOPS[link]) if link in _STOPS else None


def _oversize(state: State, entry: entry_pb2.Entry, header: entry_pb2.EntryHeader, node: KnownNode) -> Decision | None:
    size = size_of(entry)
    if size <= node.limits.entry_bytes:
        return None
    reason = f"The entry has {size} bytes; {node.slug} may send {node.limits.entry_bytes}."
    return Decision(Verdict.QUARANTINE, Fault.SIZE, reason, item=state.items.get(header.item, Item(owner=node.id)))


_FAULTS = {
    Effect.NOT_THE_OWNER: (Fault.OWNER, "This item belongs to another node, which alone may change it."),
    Effect.RESURRECTION: (Fault.RESURRECTION, "This item was withdrawn in this stream at this version or a later one."),
}
_VERDICTS = {Effect.SUPERSEDED: Verdict.SUPERSEDED, Effect.HOLLOW: Verdict.HOLLOW, Effect.UNKNOWN: Verdict.WAIT}


def _settled(state: State, verified: Verified, reader: Reader) -> Decision:
    header = verified.header
    effect, after = items.settle(_known(state, verified, reader), header, hollow=verified.content is None)
    if effect is Effect.NOT_THE_OWNER:
        return Decision(Verdict.QUARANTINE, *_FAULTS[effect])
    if not streams.may_read(header.stream, reader.node, reader.registry):
        # A relay learns who owns the item, and nothing of what the item is now: others' versions are not its own.
        return Decision(Verdict.RELAY, item=state.items.get(header.item, Item(owner=header.node)))
    if effect in _FAULTS:
        return Decision(Verdict.QUARANTINE, *_FAULTS[effect])
    if effect is Effect.APPLIES and _is_newer_than_us(header, reader):
        return Decision(Verdict.WAIT, Fault.SCHEMA, "This software cannot read it yet.", item=after)
    return Decision(_VERDICTS.get(effect, Verdict.APPLY), item=after)


def _known(state: State, verified: Verified, reader: Reader) -> Item | None:
    """What is known of the item. A claim that the hub refused comes without its content, and perhaps before the word
    of the true owner, whose put with its content ends it. At the hub, who comes first is the owner."""
    known = state.items.get(verified.header.item)
    doubtful = known is not None and not known.seen and known.owner != reader.node and not reader.is_hub
    put = verified.header.operation == shareable_pb2.OPERATION_PUT and verified.content is not None
    return None if known and doubtful and put and known.owner != verified.header.node else known


def _is_newer_than_us(header: entry_pb2.EntryHeader, reader: Reader) -> bool:
    put = header.operation == shareable_pb2.OPERATION_PUT
    return put and reader.schemas is not None and header.schema not in reader.schemas
