"""What a county sends to the hub and asks of it, and what it notes of the answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import entry_pb2
from services.federation.domain.copies import KeptEntry, SetAside, StreamCopy
from services.federation.domain.entries import LARGEST_NUMBER
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.intake import Reader, StreamKey
from services.federation.store import entries, files, quarantine, registries
from services.federation.store import streams as kept
from services.federation.store.files import FileRef
from services.federation.this_node import ThisNode
from services.federation.usecases.comparing import LOST, compare, is_beyond
from services.federation.usecases.intake import TakenIn, take_heads, take_in
from services.federation.usecases.standing import take_registry

BYTES_AT_ONCE = 3 * 1024 * 1024
AT_ONCE = 500


def compare_with_hub(node: ThisNode, answer: pb.HeadsResponse, cursors: Iterable[pb.Cursor]) -> str:
    """Keeps the hub's list of nodes and others' heads; returns why nothing may be signed, or nothing."""
    with node.db.write() as conn:
        if answer.HasField("registry"):
            take_registry(conn, answer.registry)
        held = registries.newest(conn)
        if held is None:
            return "The hub gave no list of nodes. Ask the hub's operator."
        own = _owned(answer.heads, node.id)
        others = [head for head in answer.heads if head not in own]
        take_heads(conn, others, Reader(node.id, held.registry, node.clock()), more=True)
        return compare(conn, node.id, own) or (LOST if is_beyond(conn, node.id, cursors) else "")


@dataclass(frozen=True)
class Batch:
    """What goes to the hub at once. `whole`: nothing is left after it, up to our entry `newest`."""

    request: pb.PublishRequest
    whole: bool
    newest: int = 0


def next_batch(conn: Connection, node_id: str, told: dict[str, bytes]) -> Batch:
    """Entries that the hub lacks, by its own cursors, and heads it was not told yet (`told`: by stream)."""
    request = pb.PublishRequest()
    newest = entries.newest_of(conn, node_id)
    size = 0
    for copy in kept.of_node(conn, node_id):
        for found in _lacking(conn, copy, AT_ONCE + 1 - len(request.entries)):
            size += found.entry.ByteSize() + 8
            if len(request.entries) == AT_ONCE or (size > BYTES_AT_ONCE and request.entries):
                return Batch(request, whole=False)
            request.entries.append(found.entry)
        if copy.head.statement and told.get(copy.stream) != copy.head.statement:
            request.heads.append(copy.head)
            if len(request.heads) == AT_ONCE:
                return Batch(request, whole=False)
    return Batch(request, whole=True, newest=newest)


def note_published(node: ThisNode, answer: pb.PublishResponse) -> bool:
    """How far the hub has our streams by its own word, and what it does not take; returns whether it stopped one."""
    with node.db.write() as conn:
        said = {cursor.stream: cursor for cursor in answer.cursors if cursor.node == node.id}
        for copy in kept.of_node(conn, node.id):
            cursor = said.get(copy.stream, pb.Cursor())
            kept.note_hub(conn, copy.key, cursor.epoch, cursor.seq)
            if copy.fault is Fault.STREAM and cursor.seq == copy.position.seq:
                kept.go_on(conn, copy.key)
        for fault in answer.faults[:AT_ONCE]:
            if entries.hashes(conn, [(node.id, fault.stream, fault.epoch, min(fault.seq, LARGEST_NUMBER))]):
                _note_fault(conn, node, fault)
    return any(fault.stream_stopped for fault in answer.faults)


def _note_fault(conn: Connection, node: ThisNode, fault: pb.EntryFault) -> None:
    if fault.stream_stopped:
        kept.stop(conn, (node.id, fault.stream), Fault.STREAM, f"The hub does not take our entries: {fault.reason}")
    else:
        reason = f"The hub set this aside: {fault.reason}"
        place = SetAside(node.id, fault.stream, fault.epoch, fault.seq, "", reason, node.clock())
        quarantine.add_once(conn, place)


def by_stream(heads: Iterable[entry_pb2.SignedHead]) -> dict[str, bytes]:
    """Statements of heads by the name of their stream."""
    return {entry_pb2.HeadStatement.FromString(head.statement).stream: head.statement for head in heads}


def unsent(conn: Connection, node_id: str) -> int:
    copies = kept.of_node(conn, node_id)
    return sum(entries.count_after(conn, copy.key, copy.hub_epoch, copy.hub_seq) for copy in copies if _behind(copy))


def is_on_its_way(conn: Connection, node_id: str) -> bool:
    """Whether the hub lacks something that it will take: a stream that it stopped does not go on by itself."""
    return any(_behind(copy) and copy.fault is None for copy in kept.of_node(conn, node_id))


def files_between(conn: Connection, node_id: str, after: int, up_to: int) -> list[FileRef]:
    """Some of the files that our entries after one number and up to another name: of each entry all."""
    found = files.of_node(conn, node_id, after, up_to, AT_ONCE)
    if len(found) < AT_ONCE:
        return found
    return [ref for ref in found if ref.number != found[-1].number]


def what_we_hold(conn: Connection, node_id: str) -> list[pb.Cursor]:
    return [
        pb.Cursor(node=copy.node, stream=copy.stream, epoch=copy.position.epoch, seq=copy.position.seq)
        for copy in kept.of_others(conn, node_id)
        if copy.position.seq
    ]


def registry_version(conn: Connection) -> int:
    held = registries.newest(conn)
    return held.registry.version if held else 0


@dataclass(frozen=True)
class Fetched:
    taken: TakenIn
    # Streams whose entries did not all follow what we hold, with the last place that was sent.
    stuck: dict[StreamKey, tuple[int, int]]


def take_fetched(node: ThisNode, answer: pb.FetchResponse, schemas: frozenset[str]) -> Fetched:
    """One transaction: list of nodes, entries with their positions, heads."""
    with node.db.write(statement_timeout_s=5.0) as conn:
        if answer.HasField("registry"):
            take_registry(conn, answer.registry)
        held = registries.newest(conn)
        if held is None:
            raise Forged(Fault.REGISTRY, "The hub gave no list of nodes.")
        reader = Reader(node.id, held.registry, node.clock(), schemas)
        taken = take_in(conn, answer.entries, reader)
        take_heads(conn, answer.heads, reader, more=answer.more)
        return Fetched(taken, _stuck(conn, answer.entries))


def _stuck(conn: Connection, sent: Sequence[entry_pb2.Entry]) -> dict[StreamKey, tuple[int, int]]:
    last = {}
    for entry in sent:
        header = entry_pb2.EntryHeader.FromString(entry.header)
        last[header.node, header.stream] = (header.epoch, header.seq)
    copies = kept.copies(conn, last)
    reached = {key: (copy.position.epoch, copy.position.seq) for key, copy in copies.items()}
    return {key: place for key, place in last.items() if reached.get(key) != place}


def _owned(heads: Iterable[entry_pb2.SignedHead], node_id: str) -> list[entry_pb2.SignedHead]:
    return [head for head in heads if entry_pb2.HeadStatement.FromString(head.statement).node == node_id]


def _behind(copy: StreamCopy) -> bool:
    return (copy.hub_epoch, copy.hub_seq) != (copy.position.epoch, copy.position.seq)


def _lacking(conn: Connection, copy: StreamCopy, limit: int) -> Iterable[KeptEntry]:
    return entries.after(conn, copy.key, copy.hub_epoch, copy.hub_seq, limit) if _behind(copy) else ()
