"""The bus: facts reach the consumers of other services, at least once in transit and exactly once in effect.

A consumer is a table kind -> handler. Up to 100 messages are handled in one transaction, which also notes them as
seen and moves the position; a crash before its commit undoes all of it, and the messages come again. When one message
cannot be handled, the batch is undone and handled one by one: the culprit is parked with its reason, and so are later
messages of its key, so that order within a key holds. When a database or another service is away nothing is parked:
the carrier waits and tries again. Not promised: order between keys.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message as Proto
from sqlalchemy import Connection

from services.common import seen
from services.common.clock import Clock
from services.common.database import Database, away
from services.common.errors import TooMany
from services.common.rpc_errors import Away

log = logging.getLogger(__name__)
BATCH = 100
# A fact of 35 days may be sent once more, and Kafka then keeps it for 14: nothing may come back unrecognised.
KEPT_SEEN = timedelta(days=50)
# Another service's fault, even one it did not expect, is not the message's: it is asked again.
_ELSEWHERE = (Away, TooMany, grpc.RpcError)
P = TypeVar("P", bound=Proto)


@dataclass(frozen=True)
class Message:
    """A fact on its way."""

    id: str
    topic: str
    kind: str
    key: str
    body: bytes
    happened_at: datetime
    # Of the request that set it in motion; empty where nobody traces.
    traceparent: str = ""

    def as_(self, proto: type[P]) -> P:
        """The fact itself; raises `DecodeError` for bytes that are none."""
        fact = proto()
        fact.ParseFromString(self.body)
        return fact


@dataclass(frozen=True)
class Lag:
    """How far a consumer is behind: messages that it has not handled, and when the oldest of them was said."""

    consumer: str
    messages: int = 0
    oldest: datetime | None = None


# handler(conn, message), or handler(conn, message, prepared) where the consumer has a `prepare`.
Handler = Callable[..., None]


@dataclass(frozen=True)
class Consumer:
    """Who listens to which topics, and what it does with each kind; a kind not in the table is skipped.

    `prepare(messages)` runs before the transaction and may call other services; what it returns is the handlers' third
    argument.
    """

    name: str
    topics: tuple[str, ...]
    handlers: Mapping[str, Handler] = field(default_factory=dict)
    prepare: Callable[[Sequence[Message]], Any] | None = None
    # How long facts may gather in one process while many come: longer where nobody waits for the effect.
    gather_s: float = 0.05


Moved = Callable[[Connection], None]


def deliver(
    db: Database, consumer: Consumer, messages: Sequence[Message], clock: Clock, moved: Moved = lambda conn: None
) -> None:
    """Handles the messages in order; `moved` notes the carrier's position in the same transaction.

    Raises `Away`, `TooMany`, an rpc's or a database's error when something is out of reach: the rest is not noted.
    """
    known = [message for message in messages if message.kind in consumer.handlers]
    try:
        _together(db, consumer, known, clock(), moved)
    except _ELSEWHERE:
        raise
    except Exception as fault:
        if away(fault):
            raise
        for message in known:
            _alone(db, consumer, message, clock())
        with db.write() as conn:
            moved(conn)


def replay_parked(db: Database, consumer: Consumer, clock: Clock) -> int:
    """Handles parked messages again, oldest first; a key stops at its first that still fails. Returns how many went."""
    handled, stuck = 0, set[str]()
    with db.read() as conn:
        waiting = seen.parked_of(conn, consumer.name)
    for parked in waiting:
        if parked.key in stuck:
            continue
        message = Message(parked.message_id, parked.topic, parked.kind, parked.key, parked.body, parked.happened_at)
        if _again(db, consumer, message, clock()):
            handled += 1
        else:
            stuck.add(parked.key)
    return handled


def _together(db: Database, consumer: Consumer, messages: Sequence[Message], now: datetime, moved: Moved) -> None:
    prepared = _prepare(consumer, messages)
    with db.write() as conn:
        fresh = seen.unseen(conn, consumer.name, [message.id for message in messages])
        blocked = seen.blocked_keys(conn, consumer.name, {message.key for message in messages})
        seen.note(conn, consumer.name, fresh, now)
        for message in messages:
            if message.id not in fresh:
                continue
            fresh.discard(message.id)
            if message.key in blocked:
                seen.park(conn, consumer.name, message, "waits behind an earlier message of its key", now)
            else:
                _handle(conn, consumer, message, prepared)
        moved(conn)


def _alone(db: Database, consumer: Consumer, message: Message, now: datetime) -> None:
    try:
        _together(db, consumer, [message], now, lambda conn: None)
    except _ELSEWHERE:
        raise
    except Exception as fault:
        # A handler's fault is this message's alone: whatever it is, it is parked with its reason.
        if away(fault):
            raise
        log.warning("message parked", extra={"consumer": consumer.name, "kind": message.kind, "message_id": message.id})
        with db.write() as conn:
            if message.id in seen.unseen(conn, consumer.name, [message.id]):
                seen.park(conn, consumer.name, message, _reason(fault), now)
                seen.note(conn, consumer.name, {message.id}, now)


def _again(db: Database, consumer: Consumer, message: Message, now: datetime) -> bool:
    try:
        prepared = _prepare(consumer, [message])
        with db.write() as conn:
            _handle(conn, consumer, message, prepared)
            seen.unpark(conn, consumer.name, message.id)
            return True
    except _ELSEWHERE:
        raise
    except Exception as fault:
        if away(fault):
            raise
        with db.write() as conn:
            seen.still_parked(conn, consumer.name, message.id, _reason(fault), now)
        return False


def _prepare(consumer: Consumer, messages: Sequence[Message]) -> Any:
    return consumer.prepare(messages) if consumer.prepare and messages else None


def _handle(conn: Connection, consumer: Consumer, message: Message, prepared: Any) -> None:
    handler = consumer.handlers[message.kind]
    if consumer.prepare:
        handler(conn, message, prepared)
    else:
        handler(conn, message)


def _reason(fault: Exception) -> str:
    # A refusal's sentence may quote what a person wrote, so only its kind is kept.
    return type(fault).__name__
