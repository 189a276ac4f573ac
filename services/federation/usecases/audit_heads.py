"""Heads of audit trails: signed here, kept here and at the hub. Counts and hashes travel, nobody's name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import entry_pb2
from services.common import timetable
from services.common.errors import Invalid, TooMany
from services.federation.domain.audit_heads import (
    make_audit_head,
    misfits,
    read_audit_head,
    verify_of_node,
    verify_with_key,
)
from services.federation.store import audit_heads
from services.federation.store.audit_heads import KeptHead, Round
from services.federation.this_node import ThisNode
from services.federation.usecases.serving import caller

TAKE, COMPARE = "take-audit-heads", "compare-audit-heads"
AT_ONCE = 500
# Six services an hour are 144 a day: room for a node that asks a hundred times.
MOST_A_DAY = 20_000


@dataclass(frozen=True)
class Trail:
    """How far the chain of a service reaches now, and its seal where it stood at the newest signed head."""

    count: int
    seal: bytes
    seals: Mapping[int, bytes]


def ask_now(node: ThisNode) -> int:
    """Plans a round at once, the hub's heads included; returns how many were asked for and made before."""
    with node.db.write() as conn:
        timetable.add(conn, COMPARE, node.id, node.clock())
        before = audit_heads.last_round(conn)
    return before.asked if before else 0


def places_to_look_at(node: ThisNode) -> dict[str, int]:
    """The count of the newest head signed for each service."""
    with node.db.read() as conn:
        newest = audit_heads.newest(conn, node.id)
    return {service: read_audit_head(head.signed).count for service, head in newest.items()}


def sign(node: ThisNode, trails: Mapping[str, Trail], now: datetime) -> list[str]:
    """Signs a head for each trail that grew; returns sentences about those that do not fit what was signed before."""
    wrong = []
    with node.db.write() as conn:
        newest = audit_heads.newest(conn, node.id)
        for service, trail in trails.items():
            last = read_audit_head(newest[service].signed) if service in newest else None
            wrong += misfits([last], trail.seals) if last else []
            if trail.count and (last is None or (last.count, last.hash) != (trail.count, trail.seal)):
                signed = make_audit_head(node.signer, service, count=trail.count, seal=trail.seal, time=now)
                audit_heads.add_once(conn, signed, read_audit_head(signed), now)
    return wrong


def next_to_lodge(node: ThisNode) -> list[KeptHead]:
    with node.db.read() as conn:
        return audit_heads.not_lodged(conn, node.id, AT_ONCE)


def note_lodged(node: ThisNode, heads: Sequence[KeptHead]) -> None:
    with node.db.write() as conn:
        audit_heads.note_lodged(conn, [head.position for head in heads])


def keep_lodged(node: ThisNode, heads: Sequence[entry_pb2.SignedAuditHead], now: datetime) -> None:
    """What the hub keeps of this node: should somebody have removed such a head here, it is back."""
    with node.db.write() as conn:
        for head in heads:
            statement = verify_with_key(head, node.signer.public_key)
            audit_heads.add_once(conn, head, statement, now, lodged=True)


def note_round(node: ThisNode, done: Round) -> None:
    with node.db.write() as conn:
        audit_heads.note_round(conn, done)


def listed(node: ThisNode, of_node: str, position: int) -> tuple[list[KeptHead], Round | None]:
    with node.db.read() as conn:
        found = audit_heads.after(conn, of_node or node.id, position, AT_ONCE)
        return found, audit_heads.last_round(conn)


def take_lodged(node: ThisNode, spki: bytes, request: pb.LodgeAuditHeadsRequest) -> pb.LodgeAuditHeadsResponse:
    """At the hub. What is kept is never given up, also for a node that was suspended later."""
    now = node.clock()
    if len(request.heads) > AT_ONCE:
        raise Invalid(f"At most {AT_ONCE} heads can be lodged at once. Nothing was taken.")
    with node.db.write() as conn:
        peer, _ = caller(conn, spki)
        if audit_heads.count_lately(conn, peer.id, now) + len(request.heads) > MOST_A_DAY:
            raise TooMany(f"The hub takes {MOST_A_DAY} heads a day of a node.", retry_after_s=3600)
        for head in request.heads:
            statement = verify_of_node(head, peer, (int(now.timestamp()), 0))
            audit_heads.add_once(conn, head, statement, now)
    return pb.LodgeAuditHeadsResponse()


def give_lodged(node: ThisNode, spki: bytes, request: pb.ListLodgedHeadsRequest) -> pb.ListLodgedHeadsResponse:
    """At the hub."""
    with node.db.read() as conn:
        peer, _ = caller(conn, spki)
        found = audit_heads.after(conn, peer.id, request.after, AT_ONCE)
    return pb.ListLodgedHeadsResponse(heads=[head.signed for head in found], next=next_of(found))


def next_of(found: Sequence[KeptHead]) -> int:
    """Where the next answer begins; 0 when this was the last."""
    return found[-1].position if len(found) == AT_ONCE else 0
