"""Signed heads: how far a stream reaches, by its origin's own word."""

from datetime import datetime

from google.protobuf.message import DecodeError

from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import streams, wire
from services.federation.domain.chain import HASH_BYTES, Position
from services.federation.domain.entries import LARGEST_NUMBER, LAST_SECOND, check_signature
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.registry import KnownNode, timestamp_of
from services.federation.domain.signing import Signer

TAG = "fosse/head/1"
LARGEST_STATEMENT = 512


def make_head(
    signer: Signer, stream: str, *, position: Position, live_items: int, time: datetime
) -> entry_pb2.SignedHead:
    """Sign anew from time to time without news too: a head's age is how others see silence."""
    statement = entry_pb2.HeadStatement(
        tag=TAG,
        node=signer.node,
        stream=stream,
        epoch=position.epoch,
        seq=position.seq,
        hash=position.hash,
        time=timestamp_of(time),
        live_items=live_items,
        key_id=signer.key_id,
    )
    _check(statement)
    data = statement.SerializeToString(deterministic=True)
    return entry_pb2.SignedHead(statement=data, signature=signer.sign(data))


def read_head(head: entry_pb2.SignedHead) -> entry_pb2.HeadStatement:
    if len(head.statement) > LARGEST_STATEMENT:
        raise _malformed("it is too large")
    wire.check_form(head.statement, wire.HEAD)
    try:
        statement = entry_pb2.HeadStatement.FromString(head.statement)
    except DecodeError:
        raise _malformed("it cannot be read") from None
    _check(statement)
    return statement


def verify_head(head: entry_pb2.SignedHead, node: KnownNode) -> entry_pb2.HeadStatement:
    statement = read_head(head)
    if statement.node != node.id:
        raise Forged(Fault.KEY, "The head is of another node than it is said to be.")
    at = (statement.time.seconds, statement.time.nanos)
    check_signature(node, statement.key_id, at, head.statement, head.signature)
    return statement


def _check(statement: entry_pb2.HeadStatement) -> None:
    if statement.tag != TAG:
        raise _malformed("it says that it is something else")
    try:
        streams.parse(statement.stream)
    except Invalid:
        raise _malformed("there is no stream of this name") from None
    if not streams.NODE_ID.match(statement.node) or len(statement.hash) != HASH_BYTES:
        raise _malformed("an id or a hash is not of the right form")
    if not (statement.epoch and 0 < statement.seq <= LARGEST_NUMBER and statement.live_items <= statement.seq):
        raise _malformed("its numbers are out of bounds")
    if not 0 <= statement.time.nanos < 1_000_000_000 or not 0 < statement.time.seconds <= LAST_SECOND:
        raise _malformed("its time is out of bounds")


def _malformed(why: str) -> Forged:
    return Forged(Fault.MALFORMED, f"The head is not in the form that nodes agreed on: {why}.")
