"""At the hub: figures of the counties, verified by federation; a batch in one transaction, each with its result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from google.protobuf.message import DecodeError

from fosse.common.v1 import shareable_pb2 as pb
from services.common import audit
from services.common.database import Database
from services.common.errors import Invalid, Refusal, TooMany
from services.evaluation.domain.region import Aggregate, replaces, require_sound
from services.evaluation.messages import travelling
from services.evaluation.messages.travelling import AGGREGATE, NotKnownYet
from services.evaluation.store import aggregates

MOST_ENTRIES = 100
_WORKLOAD = "federation"
_NO_HUB = "Figures of counties are taken by the hub alone, and this node is none."


@dataclass(frozen=True)
class Result:
    taken: pb.Taken.ValueType
    reason: str = ""


def take_entries(db: Database, entries: Sequence[pb.VerifiedEntry], now: datetime) -> list[Result]:
    if len(entries) > MOST_ENTRIES:
        raise Invalid(f"At most {MOST_ENTRIES} entries at once.")
    offered = [_offered(entry) for entry in entries]
    with db.write() as conn:
        own = next((node for node in aggregates.nodes(conn) if node.own), None)
        if own is None:
            raise TooMany("This node does not know its region yet. Please ask again in a moment.", retry_after_s=5)
        if not own.hub:
            return [Result(pb.TAKEN_REFUSED, _NO_HUB)] * len(entries)
        sound = [one for one in offered if isinstance(one, Aggregate)]
        before = aggregates.find_all(conn, [one.item_id for one in sound])
        for node_id in {one.node_id for one in sound}:
            before |= {one.item_id: one for one in aggregates.of_node(conn, node_id).values()}
        held = dict(before)
        results = [_decide(held, one) for one in offered]
        changed = [one for key, one in held.items() if before.get(key) != one]
        aggregates.put(conn, changed)
        did = [("took back" if one.gone else "took", one.item_id) for one in changed]
        audit.add_all(conn, _WORKLOAD, did, now)
    return results


def _offered(entry: pb.VerifiedEntry) -> Aggregate | Result:
    """What the entry says, or why it cannot be taken."""
    try:
        if entry.operation == pb.OPERATION_WITHDRAW:
            return travelling.withdrawn(entry)
        if entry.operation != pb.OPERATION_PUT or entry.schema != AGGREGATE:
            return Result(pb.TAKEN_WAITS_FOR_UPGRADE, "Only newer software knows this kind.")
        return require_sound(travelling.taken(entry))
    except NotKnownYet as reason:
        return Result(pb.TAKEN_WAITS_FOR_UPGRADE, f"Only newer software knows this: {reason}.")
    except DecodeError:
        return Result(pb.TAKEN_REFUSED, "Its body cannot be read.")
    except Refusal as refusal:
        return Result(pb.TAKEN_REFUSED, refusal.sentence)


def _end_others(held: dict[str, Aggregate], new: Aggregate) -> None:
    """A node has one figure for each cell: what it tells last, whatever it told under another id."""
    for key, one in held.items():
        if (one.node_id, one.cell) == (new.node_id, new.cell) and not (one.gone or new.gone or key == new.item_id):
            held[key] = replace(one, gone=True)


def _decide(held: dict[str, Aggregate], offered: Aggregate | Result) -> Result:
    if isinstance(offered, Result):
        return offered
    known = held.get(offered.item_id)
    try:
        if replaces(known, offered):
            cell = known.cell if known and offered.gone else offered.cell
            _end_others(held, replace(offered, cell=cell))
            held[offered.item_id] = replace(offered, cell=cell)
    except Refusal as refusal:
        return Result(pb.TAKEN_REFUSED, refusal.sentence)
    return Result(pb.TAKEN_APPLIED)
