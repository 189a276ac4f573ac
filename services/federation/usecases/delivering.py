"""What verified entries say to the service that owns such items, and what is noted of its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nacl.public import PrivateKey
from sqlalchemy import Connection

from fosse.common.v1 import shareable_pb2 as pb
from fosse.federation.v1 import entry_pb2
from services.common.database import announce
from services.federation.domain import sealing, streams
from services.federation.domain.copies import EntryState, KeptEntry, SetAside
from services.federation.domain.faults import Forged
from services.federation.store import entries, items, quarantine
from services.federation.store.files import FileRef

AT_ONCE = 100
# Below the 4 MiB of a message.
BYTES_AT_ONCE = 3 * 1024 * 1024


@dataclass
class Parcel:
    """Entries for one service, in order, and those that are no service's business."""

    service: str = ""
    entries: list[pb.VerifiedEntry] = field(default_factory=list)
    kept: list[KeptEntry] = field(default_factory=list)
    # Of schemas that no service here takes yet.
    waiting: list[KeptEntry] = field(default_factory=list)
    # Not to be opened with our key.
    spoilt: list[KeptEntry] = field(default_factory=list)
    # Withdrawals of what no service ever had.
    idle: list[KeptEntry] = field(default_factory=list)

    def add(self, one: KeptEntry, header: entry_pb2.EntryHeader, service: str, key: PrivateKey) -> None:
        if not service:
            (self.waiting if header.schema else self.idle).append(one)
            return
        try:
            self.entries.append(_verified(one, header, key))
        except Forged:
            self.spoilt.append(one)
            return
        self.kept.append(one)
        self.service = service


def next_parcel(conn: Connection, key: PrivateKey, services: Mapping[str, str]) -> Parcel | None:
    """The next entries that are due, up to where another service's begin; None when nothing is."""
    due = entries.due(conn, AT_ONCE)
    headers = [entry_pb2.EntryHeader.FromString(one.entry.header) for one in due]
    schemas = items.schemas_of(conn, [header.item for header in headers if not header.schema])
    parcel, size = Parcel(), 0
    for one, header in zip(due, headers, strict=True):
        service = services.get(header.schema or schemas.get(header.item, ""), "")
        size += len(one.entry.content)
        if parcel.service and (service not in ("", parcel.service) or size > BYTES_AT_ONCE):
            break
        parcel.add(one, header, service, key)
    return parcel if due else None


def note_taken(conn: Connection, parcel: Parcel, results: Sequence[pb.EntryResult], now: datetime) -> None:
    by_hash = {result.entry_hash: result for result in results}
    applied, refused = [one.number for one in parcel.idle], list[int]()
    waits = [one.number for one in parcel.waiting]
    versions: dict[str, int] = {}
    for entry, one in zip(parcel.entries, parcel.kept, strict=True):
        result = by_hash.get(entry.entry_hash, pb.EntryResult())
        if result.taken == pb.TAKEN_APPLIED:
            applied.append(one.number)
            versions[entry.item_id] = max(entry.item_version, versions.get(entry.item_id, 0))
        elif result.taken == pb.TAKEN_WAITS_FOR_UPGRADE:
            waits.append(one.number)
        elif result.taken == pb.TAKEN_REFUSED:
            refused.append(one.number)
            _set_aside(conn, one, result.reason, now)
    for one in parcel.spoilt:
        refused.append(one.number)
        _set_aside(conn, one, "This was not sealed for this node, or was altered on the way.", now)
    entries.mark(conn, applied, EntryState.APPLIED)
    entries.mark(conn, waits, EntryState.WAITS)
    entries.mark(conn, refused, EntryState.REFUSED)
    items.note_applied(conn, versions)
    announce(conn, "files")


@dataclass(frozen=True)
class Opened:
    """How a file that came reads for its service; `key` is empty where it was not sealed."""

    service: str
    item: str
    plain: pb.FileRef
    key: bytes


def open_file(conn: Connection, ref: FileRef, key: PrivateKey, services: Mapping[str, str]) -> Opened | None:
    """None when its entry was erased meanwhile."""
    one = entries.numbered(conn, ref.number)
    if one is None or not one.entry.content:
        return None
    header = entry_pb2.EntryHeader.FromString(one.entry.header)
    service = services.get(header.schema, "")
    if not streams.parse(header.stream).sealed:
        return Opened(service, ref.item, pb.FileRef(sha256=ref.sha256, size=ref.size), b"")
    content = entry_pb2.EntryContent.FromString(one.entry.content)
    inside = sealing.open_body(content.body, key, header)
    found = next((each for each in inside.files if each.sealed.sha256 == ref.sha256), None)
    return Opened(service, ref.item, found.plain, found.key) if found else None


def _verified(one: KeptEntry, header: entry_pb2.EntryHeader, key: PrivateKey) -> pb.VerifiedEntry:
    content = entry_pb2.EntryContent.FromString(one.entry.content)
    body, refs = content.body, list(content.files)
    if streams.parse(header.stream).sealed and header.operation == pb.OPERATION_PUT:
        inside = sealing.open_body(content.body, key, header)
        body, refs = inside.body, [each.plain for each in inside.files]
    return pb.VerifiedEntry(
        entry_hash=one.hash.hex(),
        origin_node_id=header.node,
        stream=header.stream,
        community_id=header.community,
        item_id=header.item,
        item_version=header.item_version,
        operation=header.operation,
        schema=header.schema,
        body=body,
        files=refs,
        signed_at=header.time,
    )


def _set_aside(conn: Connection, one: KeptEntry, reason: str, now: datetime) -> None:
    header = entry_pb2.EntryHeader.FromString(one.entry.header)
    place = SetAside(header.node, header.stream, header.epoch, header.seq, header.item, reason[:500], now)
    quarantine.add_once(conn, place)
