"""Entries of other nodes that federation has verified: a batch in one transaction, each with a result of its own."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from google.protobuf.message import DecodeError
from sqlalchemy import Connection

from fosse.common.v1 import shareable_pb2 as pb
from services.common import audit, facts
from services.common.errors import Invalid, Refusal
from services.resource.domain.adoption import STOPPED, Adoption, reach
from services.resource.domain.resource import Resource, State
from services.resource.domain.taking import Held, puts, withdraws
from services.resource.messages import said, travelling
from services.resource.messages.travelling import ADOPTION, RESOURCE, NotKnownYet, item_id
from services.resource.store import adoptions, files, resources, tombstones
from services.resource.store.tombstones import Tombstone
from services.resource.usecases.shelf import Shelf, tell_adoptions

MOST_ENTRIES = 100
_WORKLOAD = "federation"
Item = Resource | Adoption | Tombstone


@dataclass(frozen=True)
class Result:
    taken: pb.Taken.ValueType
    reason: str = ""


@dataclass
class _Batch:
    """What is held of the items of a batch, and what will be at its end."""

    held: dict[str, Held]
    resources: dict[str, Resource]
    adoptions: dict[str, Adoption]
    changed: dict[str, Item] = field(default_factory=dict)


def take_entries(shelf: Shelf, entries: Sequence[pb.VerifiedEntry], now: datetime) -> list[Result]:
    if len(entries) > MOST_ENTRIES:
        raise Invalid(f"At most {MOST_ENTRIES} entries at once.")
    offered = [_offered(entry, now) for entry in entries]
    with shelf.db.write() as conn:
        batch = _load(conn, {_id_of(each) for each in offered if not isinstance(each, Result)})
        results = [_decide(batch, each) for each in offered]
        if batch.changed:
            _write(conn, batch, now)
    return results


def take_file(shelf: Shelf, *, item: str, sha256: str, chunks: Iterable[bytes]) -> bool:
    """The bytes of a file that an item here names; False when none does (any more), then nothing is kept."""
    with shelf.db.read() as conn:
        if not files.refers(conn, item, sha256):
            return False
    if shelf.files.has(sha256):
        return True
    with shelf.files.receiving(chunks, shelf.largest_taken) as received:
        if received.stored.sha256 != sha256:
            raise Invalid("These bytes are not the file that was named.")
        with shelf.db.write() as conn:
            files.keep(conn)
            named = files.refers(conn, item, sha256)
            if named:
                received.keep()
    return named


def _offered(entry: pb.VerifiedEntry, now: datetime) -> Item | Result:
    """What the entry says, or why it cannot be taken."""
    try:
        if entry.operation == pb.OPERATION_WITHDRAW:
            if entry.item_version < 1:
                raise Invalid("It has no version.")
            return Tombstone(item_id(entry.item_id), item_id(entry.origin_node_id), entry.item_version, now)
        if entry.operation != pb.OPERATION_PUT or entry.schema not in {RESOURCE, ADOPTION}:
            return Result(pb.TAKEN_WAITS_FOR_UPGRADE, "Only newer software knows this kind.")
        return travelling.resource_taken(entry) if entry.schema == RESOURCE else travelling.adoption_taken(entry)
    except NotKnownYet as reason:
        return Result(pb.TAKEN_WAITS_FOR_UPGRADE, f"Only newer software knows this: {reason}.")
    except DecodeError:
        return Result(pb.TAKEN_REFUSED, "Its body cannot be read.")
    except Refusal as refusal:
        return Result(pb.TAKEN_REFUSED, refusal.sentence)


def _id_of(item: Item) -> str:
    return item.item_id if isinstance(item, Tombstone) else item.id


def _load(conn: Connection, ids: set[str]) -> _Batch:
    stones = tombstones.find_all(conn, ids)
    known = {each.id: each for each in resources.find_all(conn, ids)}
    uses = adoptions.find_all(conn, ids)
    held = {key: Held(stone.node_id, stone.version, gone=True) for key, stone in stones.items()}
    held |= {key: Held(each.origin_node_id, each.version) for key, each in known.items()}
    held |= {key: Held(each.node_id, each.version) for key, each in uses.items()}
    return _Batch(held, known, uses)


def _decide(batch: _Batch, offered: Item | Result) -> Result:
    if isinstance(offered, Result):
        return offered
    key, node_id = _id_of(offered), _owner_of(offered)
    held, gone = batch.held.get(key), isinstance(offered, Tombstone)
    try:
        changes = (withdraws if gone else puts)(held, node_id, offered.version)
        if not isinstance(offered, Tombstone):
            _require_same_kind(batch, offered)
    except Refusal as refusal:
        return Result(pb.TAKEN_REFUSED, refusal.sentence)
    if changes:
        batch.changed[key] = offered
        batch.held[key] = Held(node_id, offered.version, gone)
    return Result(pb.TAKEN_APPLIED)


def _owner_of(item: Item) -> str:
    return item.origin_node_id if isinstance(item, Resource) else item.node_id


def _require_same_kind(batch: _Batch, offered: Resource | Adoption) -> None:
    """An item stays what it first was."""
    others: Collection[str] = batch.adoptions if isinstance(offered, Resource) else batch.resources
    before = batch.changed.get(offered.id, offered)
    if offered.id in others or not isinstance(before, (type(offered), Tombstone)):
        raise Invalid("It was something else before.")


def _write(conn: Connection, batch: _Batch, now: datetime) -> None:
    put = [each for each in batch.changed.values() if isinstance(each, Resource)]
    used = [each for each in batch.changed.values() if isinstance(each, Adoption)]
    gone = [each for each in batch.changed.values() if isinstance(each, Tombstone)]
    left = [batch.resources[stone.item_id] for stone in gone if stone.item_id in batch.resources]
    ended = [batch.adoptions[stone.item_id] for stone in gone if stone.item_id in batch.adoptions]
    tombstones.drop(conn, [*(each.id for each in put), *(each.id for each in used)])
    tombstones.put(conn, gone)
    resources.put_taken(conn, put, batch.resources.keys())
    adoptions.put_taken(conn, used, batch.adoptions.keys())
    resources.drop(conn, [each.id for each in left])
    adoptions.drop(conn, [each.id for each in ended])
    new = {each.id for each in put if each.id not in batch.resources}
    resources.recount_use(conn, new | {each.resource_id for each in (*used, *ended)})
    moved = [each for each in put if reach(batch.resources.get(each.id)) != reach(each)]
    # Who here uses what was taken back no longer tells others so.
    tell_adoptions(conn, [*moved, *(replace(each, state=State.WITHDRAWN) for each in left)], now)
    versions = {stone.item_id: stone.version for stone in gone}
    stopped = [replace(each, stage=STOPPED, version=versions[each.id]) for each in ended]
    _tell_resources(conn, put, [stone for stone in gone if stone.item_id not in batch.adoptions], now)
    _tell_adoptions_of_others(conn, [*used, *stopped], now)


def _tell_resources(conn: Connection, put: Sequence[Resource], gone: Sequence[Tombstone], now: datetime) -> None:
    left = [(said.resource_gone(stone.item_id, stone.version, stone.node_id), stone.item_id) for stone in gone]
    facts.put_all(conn, [*((said.resource_changed(each), each.id) for each in put), *left], now)
    taken_back = [("took back", stone.item_id) for stone in gone]
    audit.add_all(conn, _WORKLOAD, [*(("took", each.id) for each in put), *taken_back], now)


def _tell_adoptions_of_others(conn: Connection, used: Sequence[Adoption], now: datetime) -> None:
    own = resources.communities_of_own(conn, {each.resource_id for each in used})
    told = [said.resource_adopted(each, each.resource_id in own, own.get(each.resource_id, "")) for each in used]
    facts.put_all(conn, [(fact, fact.adoption_id) for fact in told], now)
    audit.add_all(conn, _WORKLOAD, [(f"took: {each.stage}", each.id) for each in used], now)
