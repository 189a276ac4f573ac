"""Sends a service's facts to its topic: one relay at a time for each service, by a lock in its database."""

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from services.common import facts
from services.common.database import Database
from services.common.errors import TooMany
from services.common.facts import Fact, Unsent
from services.common.kafka.clients import Brokers, KafkaTrouble, drop, quietly
from services.common.loops import Loop
from services.common.trace_context import HEADER

if TYPE_CHECKING:
    from services.common.tracing import Tracer

log = logging.getLogger(__name__)
_BATCH = 500
_LOOK_AGAIN_S = 1.0
_BACK_OFF_S = 0.5
_SEND_S = 10.0

Send = Callable[[Sequence[Fact]], None]


def carry(db: Database, topic_id: str, send: Send) -> int:
    """Sends the next facts that the topic lacks, in order, and marks them once Kafka has them. Returns how many."""
    with db.read() as conn:
        waiting = facts.unsent(conn, topic_id, _BATCH)
    if waiting:
        send(waiting)
        with db.write() as conn:
            facts.mark_sent(conn, [fact.place.number for fact in waiting], topic_id)
    return len(waiting)


class Relay:
    """Keeps its admin client for good, which finds Kafka again by itself: each new one that finds nobody would leave a
    thread behind. A producer that failed is dropped with what it holds, or that might overtake what is sent again."""

    def __init__(self, brokers: Brokers, topic: str, db: Database, tracer: "Tracer | None" = None) -> None:
        self._brokers = brokers
        self._topic = topic
        self._topic_id = ""
        self._db = db
        self._tracer = tracer
        self._producer: Any = None
        self._admin: Any = None
        self.loop = Loop(f"relay-{topic}", self._step)
        db.when("facts", self.loop.wake)

    def connect(self) -> None:
        self._admin = self._brokers.admin()
        self._look_at_topic()
        self._producer = self._brokers.producer()

    def close(self) -> None:
        admin, self._admin = self._admin, None
        if admin:
            quietly(admin.close)
        self._drop_producer()

    def waiting(self) -> Unsent:
        """What has yet to be sent to the topic as it was last seen."""
        with self._db.read() as conn:
            return facts.waiting(conn, self._topic_id)

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer:
            drop(producer)

    def _step(self) -> float:
        try:
            self._look_at_topic()
            with self._db.only_one(f"relay:{self._topic}") as mine:
                return self._send_what_waits() if mine else _LOOK_AGAIN_S
        except KafkaTrouble:
            # Which settings they are, a process says that is started now.
            log.error("topic has other settings than Fosse needs", extra={"topic": self._topic})
            return self.loop.rest(_LOOK_AGAIN_S)
        except (KafkaError, TooMany, DBAPIError) as reason:
            log.info("relay waits", extra={"topic": self._topic, "reason": type(reason).__name__})
            self._drop_producer()
            return self.loop.rest(_BACK_OFF_S)

    def _send_what_waits(self) -> float:
        if not self._producer:
            self._producer = self._brokers.producer()
        while not self.loop.ending and carry(self._db, self._topic_id, self._send) == _BATCH:
            pass
        return _LOOK_AGAIN_S

    def _look_at_topic(self) -> None:
        topic_id = self._brokers.topic_id(self._admin, self._topic)
        if topic_id != self._topic_id:
            self._brokers.write_through(self._admin, [self._topic])
            self._brokers.check(self._admin, [self._topic])
            log.info("topic to be filled", extra={"topic": self._topic, "topic_id": topic_id})
            self._topic_id = topic_id

    def _send(self, waiting: Sequence[Fact]) -> None:
        with ExitStack() as spans:
            sent = [
                self._producer.send(self._topic, **envelope(self._traced(fact, spans), self._topic_id))
                for fact in waiting
            ]
            self._producer.flush(timeout=_SEND_S)
            for each in sent:
                each.get(timeout=0)

    def _traced(self, fact: Fact, spans: ExitStack) -> Fact:
        """Its message goes on with the trace it was said in."""
        if self._tracer is None or not fact.traceparent:
            return fact
        return replace(
            fact, traceparent=spans.enter_context(self._tracer.sent(self._topic, fact.kind, fact.traceparent))
        )


def envelope(fact: Fact, topic_id: str) -> dict[str, Any]:
    headers = [
        ("id", fact.message_id.encode()),
        ("kind", fact.kind.encode()),
        ("happened_at", fact.happened_at.isoformat().encode()),
        ("topic_id", topic_id.encode()),
    ]
    if fact.traceparent:
        headers.append((HEADER, fact.traceparent.encode()))
    return {"key": fact.key.encode(), "value": fact.body, "headers": headers}
