"""What the hub does for a county that calls at its door. Who calls is known by the certificate's key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from google.protobuf.message import DecodeError
from sqlalchemy import Connection

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid, NotAllowed, NotFound, TooMany
from services.federation.domain.copies import StreamCopy
from services.federation.domain.intake import Reader, Verdict
from services.federation.domain.registry import PROTOCOL, KnownNode, Registry
from services.federation.store import entries, files, registries
from services.federation.store import streams as kept
from services.federation.store.registries import HeldRegistry
from services.federation.this_node import ThisNode
from services.federation.usecases.intake import TakenIn, take_heads, take_in

AT_ONCE = 500
# Below the 4 MiB that gRPC takes, with room for heads and the list of nodes.
BYTES_AT_ONCE = 3 * 1024 * 1024
_NOT_KNOWN = (
    "The hub does not know this certificate, so nothing was exchanged. If this node was enrolled anew or removed, ask "
    "the hub's operator; what it holds is safe."
)
_LEFT = "This node has left the region, so nothing was exchanged. To come back, ask the hub's operator for a code."
_SUSPENDED = "The hub has suspended this node, so nothing was exchanged. What it holds is safe; ask the hub's operator."


def caller(conn: Connection, spki: bytes) -> tuple[KnownNode, HeldRegistry]:
    """The node that calls; raises `NotAllowed` unless the registry in force knows its certificate's key."""
    held = registries.newest(conn)
    node = held.registry.node_of_certificate(spki) if held else None
    if held is None or node is None or node.hub:
        raise NotAllowed(_NOT_KNOWN)
    if node.has_left:
        raise NotAllowed(_LEFT)
    if not node.may_read:
        raise NotAllowed(_SUSPENDED)
    return node, held


def show_heads(node: ThisNode, spki: bytes, request: pb.HeadsRequest) -> pb.HeadsResponse:
    with node.db.read() as conn:
        peer, held = caller(conn, spki)
        if request.protocol < held.registry.minimum_protocol:
            raise NotAllowed("This node's software is too old for the region. Upgrade it; what it holds is safe.")
        copies = kept.of_node(conn, peer.id) + _readable(conn, held.registry, peer)
        return pb.HeadsResponse(
            registry=_newer(held, request.registry_version),
            heads=[copy.head for copy in copies if copy.head.statement],
            protocol=PROTOCOL,
        )


@dataclass(frozen=True)
class Published:
    response: pb.PublishResponse
    taken: TakenIn


def take_published(node: ThisNode, spki: bytes, request: pb.PublishRequest, schemas: frozenset[str]) -> Published:
    now = node.clock()
    if len(request.entries) > AT_ONCE or len(request.heads) > AT_ONCE:
        raise Invalid(f"At most {AT_ONCE} entries, and as many heads, can be sent at once. Nothing was taken.")
    with node.db.write() as conn:
        peer, held = caller(conn, spki)
        _check_publisher(conn, peer, request, now)
        reader = Reader(node.id, held.registry, now, schemas, publisher=peer.id)
        taken = take_in(conn, request.entries, reader)
        take_heads(conn, request.heads, reader, more=False)
        cursors = [_cursor(copy) for copy in kept.of_node(conn, peer.id)]
    return Published(pb.PublishResponse(cursors=cursors, faults=_faults(request.entries, taken)), taken)


def give_entries(node: ThisNode, spki: bytes, request: pb.FetchRequest) -> pb.FetchResponse:
    """What the caller may read and does not hold: at most `limit` entries, and heads of streams that are then whole."""
    limit = min(max(request.limit, 1), AT_ONCE)
    held_there = {(cursor.node, cursor.stream): (cursor.epoch, cursor.seq) for cursor in request.cursors}
    with node.db.read() as conn:
        peer, held = caller(conn, spki)
        response = pb.FetchResponse(registry=_newer(held, request.registry_version))
        for copy in _readable(conn, held.registry, peer):
            cursor = held_there.get(copy.key, (0, 0))
            if _is_there(copy, cursor):
                continue
            _add(conn, response, copy, cursor, limit - len(response.entries))
            if response.more:
                break
    return response


def missing_files(node: ThisNode, spki: bytes, hashes: Sequence[str]) -> pb.MissingFilesResponse:
    """Of the files that the caller's own entries name: which are not here, and how much of each is."""
    if len(hashes) > AT_ONCE:
        raise Invalid(f"At most {AT_ONCE} files can be asked about at once.")
    missing = []
    with node.db.read() as conn:
        peer, _ = caller(conn, spki)
        for sha256 in hashes:
            wanted = files.named_by(conn, sha256, peer.id) and not node.relay.has(sha256)
            if wanted:
                missing.append(pb.MissingFile(sha256=sha256, held=node.relay.held(sha256, peer.id)))
    return pb.MissingFilesResponse(missing=missing)


def may_put(node: ThisNode, spki: bytes, sha256: str, size: int) -> str:
    """Who sends; raises unless one of the caller's entries names this very file, and it is within its quota."""
    with node.db.read() as conn:
        peer, _ = caller(conn, spki)
        named = files.named_by(conn, sha256, peer.id) if peer.may_publish else []
    if size not in [ref.size for ref in named]:
        raise NotFound("No entry of this node names this file, so it was not taken.")
    if size > peer.limits.file_bytes:
        raise Invalid(f"A file may have at most {peer.limits.file_bytes} bytes here, so it was not taken.")
    return peer.id


def note_put(node: ThisNode, sha256: str) -> None:
    """The file is here and whole; should its entry be withdrawn meanwhile, it goes again."""
    with node.db.write() as conn:
        named = bool(files.known(conn, [sha256]))
        files.note_held(conn, sha256)
    if not named:
        node.relay.drop(sha256)


def may_get(node: ThisNode, spki: bytes, sha256: str) -> None:
    """Raises unless an entry in a stream that the caller may read names this file."""
    with node.db.read() as conn:
        peer, held = caller(conn, spki)
        named = files.is_named(conn, sha256, held.registry.reads(peer.id)) or files.named_by(conn, sha256, peer.id)
    if not named:
        raise NotFound("No entry that this node may read names this file.")
    if not node.relay.has(sha256):
        raise NotFound("The file has not reached the hub yet.")


def _check_publisher(conn: Connection, peer: KnownNode, request: pb.PublishRequest, now: datetime) -> None:
    if request.entries and not peer.may_publish:
        raise NotAllowed(
            "The region does not take entries of this node at present. Nothing is lost; ask the hub's operator."
        )
    if any(_origin(each.header, entry_pb2.EntryHeader) != peer.id for each in request.entries):
        raise Invalid("These entries are not all of the node that sent them. Nothing was taken.")
    if any(_origin(each.statement, entry_pb2.HeadStatement) != peer.id for each in request.heads):
        raise Invalid("These heads are not all of the node that sent them. Nothing was taken.")
    lately = entries.count_lately(conn, peer.id, now) if request.entries else 0
    if lately + len(request.entries) > peer.limits.entries_a_day:
        raise TooMany(
            f"The hub takes {peer.limits.entries_a_day} entries a day of a node. The rest follows; nothing is lost.",
            retry_after_s=3600,
        )


def _origin(data: bytes, kind: type[entry_pb2.EntryHeader] | type[entry_pb2.HeadStatement]) -> str:
    try:
        return kind.FromString(data).node
    except DecodeError:
        return ""


def _readable(conn: Connection, registry: Registry, peer: KnownNode) -> list[StreamCopy]:
    """Streams of other nodes that the registry lets the caller have; those of suspended nodes rest."""
    return [
        copy
        for copy in kept.of_others(conn, peer.id, registry.reads(peer.id))
        if (origin := registry.node(copy.node)) and origin.items_are_shown
    ]


def _is_there(copy: StreamCopy, cursor: tuple[int, int]) -> bool:
    """The caller holds as much of the stream as the hub, or more where the hub was restored from an old backup."""
    return cursor[0] == copy.position.epoch and cursor[1] >= copy.position.seq


def _add(conn: Connection, response: pb.FetchResponse, copy: StreamCopy, cursor: tuple[int, int], room: int) -> None:
    size = response.ByteSize()
    for found in entries.after(conn, copy.key, *cursor, limit=room + 1):
        size += found.entry.ByteSize() + 8
        if room == 0 or (size > BYTES_AT_ONCE and response.entries):
            response.more = True
            return
        response.entries.append(found.entry)
        room -= 1
    if copy.head.statement:
        response.heads.append(copy.head)


def _newer(held: HeldRegistry, known_version: int) -> entry_pb2.SignedRegistry | None:
    return held.signed if held.registry.version > known_version else None


def _cursor(copy: StreamCopy) -> pb.Cursor:
    return pb.Cursor(node=copy.node, stream=copy.stream, epoch=copy.position.epoch, seq=copy.position.seq)


def _faults(sent: Sequence[entry_pb2.Entry], taken: TakenIn) -> list[pb.EntryFault]:
    faults = []
    for entry, decision in zip(sent, taken.decisions, strict=True):
        if decision.verdict in (Verdict.STOP, Verdict.QUARANTINE):
            header = entry_pb2.EntryHeader.FromString(entry.header)
            stopped = decision.verdict is Verdict.STOP
            fault = pb.EntryFault(reason=decision.reason, stream_stopped=stopped)
            fault.stream, fault.epoch, fault.seq = header.stream, header.epoch, header.seq
            faults.append(fault)
    return faults
