"""Signed heads of audit trails: how far a service's chain reached, by the word of the node that keeps it.

Whoever can write to a node's databases can write a whole chain anew. What they cannot do is take back a head that was
signed, and lodged at the hub, before.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from google.protobuf.message import DecodeError

from fosse.federation.v1 import entry_pb2
from services.federation.domain import streams, wire
from services.federation.domain.chain import HASH_BYTES
from services.federation.domain.entries import LARGEST_NUMBER, LAST_SECOND, check_signature
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.registry import KnownNode, timestamp_of
from services.federation.domain.signing import Signer, key_id_of, signature_holds

TAG = "fosse/audit/1"
LARGEST_STATEMENT = 512
_SERVICE = re.compile(r"[a-z]{1,40}\Z")


def make_audit_head(
    signer: Signer, service: str, *, count: int, seal: bytes, time: datetime
) -> entry_pb2.SignedAuditHead:
    statement = entry_pb2.AuditHeadStatement(
        tag=TAG,
        node=signer.node,
        service=service,
        count=count,
        hash=seal,
        time=timestamp_of(time),
        key_id=signer.key_id,
    )
    _check(statement)
    data = statement.SerializeToString(deterministic=True)
    return entry_pb2.SignedAuditHead(statement=data, signature=signer.sign(data))


def read_audit_head(head: entry_pb2.SignedAuditHead) -> entry_pb2.AuditHeadStatement:
    if len(head.statement) > LARGEST_STATEMENT:
        raise _malformed("it is too large")
    wire.check_form(head.statement, wire.AUDIT_HEAD)
    try:
        statement = entry_pb2.AuditHeadStatement.FromString(head.statement)
    except DecodeError:
        raise _malformed("it cannot be read") from None
    _check(statement)
    return statement


def verify_of_node(
    head: entry_pb2.SignedAuditHead, node: KnownNode, now: tuple[int, int]
) -> entry_pb2.AuditHeadStatement:
    """By a key that the node has now: what counts is when the hub was told, not what the node says of the time."""
    statement = read_audit_head(head)
    if statement.node != node.id:
        raise Forged(Fault.KEY, "The head is of another node than it is said to be.")
    check_signature(node, statement.key_id, now, head.statement, head.signature)
    return statement


def verify_with_key(head: entry_pb2.SignedAuditHead, public_key: bytes) -> entry_pb2.AuditHeadStatement:
    """By one key, as anybody can who has no list of nodes."""
    statement = read_audit_head(head)
    if statement.key_id != key_id_of(public_key):
        raise Forged(Fault.KEY, "The head is signed with another key.")
    if not signature_holds(public_key, head.statement, head.signature):
        raise Forged(Fault.SIGNATURE, "The signature does not hold: the head was altered or forged.")
    return statement


def misfits(heads: Iterable[entry_pb2.AuditHeadStatement], seals: Mapping[int, bytes]) -> list[str]:
    """What the chain of one service cannot be, by its seals at the places of these heads; a sentence for each."""
    return [sentence for head in heads if (sentence := _misfit(head, seals.get(head.count)))]


def _misfit(head: entry_pb2.AuditHeadStatement, seal: bytes | None) -> str:
    if seal == head.hash:
        return ""
    said = (
        f"On {head.time.ToDatetime():%-d %B %Y at %H:%M} this node signed for {head.count} audit rows of {head.service}"
    )
    if seal is None:
        return f"{said}, and so many are not there any more: the end was cut off, or an older backup was restored."
    return f"{said} that are not those of today: some row up to there was changed, and the chain written anew."


def turns(heads: Iterable[entry_pb2.AuditHeadStatement]) -> list[entry_pb2.AuditHeadStatement]:
    """Heads, in the order in which they came, that no trail which only grows can have: shorter than one before, or as
    long with another hash."""
    furthest: dict[str, entry_pb2.AuditHeadStatement] = {}
    turned = []
    for head in heads:
        last = furthest.get(head.service)
        if last and (head.count < last.count or (head.count == last.count and head.hash != last.hash)):
            turned.append(head)
        else:
            furthest[head.service] = head
    return turned


def _check(statement: entry_pb2.AuditHeadStatement) -> None:
    if statement.tag != TAG:
        raise _malformed("it says that it is something else")
    if not streams.NODE_ID.match(statement.node) or not _SERVICE.match(statement.service):
        raise _malformed("an id or a name is not of the right form")
    if len(statement.hash) != HASH_BYTES or not 0 < statement.count <= LARGEST_NUMBER:
        raise _malformed("its hash or its count is out of bounds")
    if not 0 <= statement.time.nanos < 1_000_000_000 or not 0 < statement.time.seconds <= LAST_SECOND:
        raise _malformed("its time is out of bounds")


def _malformed(why: str) -> Forged:
    return Forged(Fault.MALFORMED, f"The head is not in the form that nodes agreed on: {why}.")
