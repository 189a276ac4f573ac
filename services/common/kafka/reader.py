"""Hands the messages of topics to a consumer; its place in them is committed after the effects."""

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from kafka.errors import KafkaError
from sqlalchemy.exc import DBAPIError

from services.common import seen
from services.common.bus import BATCH, Consumer, Lag, Message, deliver
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import TooMany
from services.common.kafka.clients import Brokers, go_on_joining, quietly, topic_id_known_to
from services.common.loops import Loop
from services.common.rpc_errors import Away
from services.common.trace_context import HEADER

log = logging.getLogger(__name__)
UNREADABLE = "unreadable"
_BACK_OFF_S = 0.5
_POLL_MS = 500
# Letters that the tables of messages hold.
_ID, _KIND, _INSTANT, _TRACEPARENT = 64, 120, 40, 55


class Reader:
    def __init__(self, brokers: Brokers, consumer: Consumer, db: Database, clock: Clock) -> None:
        self._brokers = brokers
        self._consumer = consumer
        self._db = db
        self._clock = clock
        self._kafka: Any = None
        # Topics and their ids, as often as they were made anew: by Kafka's word, and sooner by that of messages.
        self._made: set[tuple[str, str]] = set()
        # Replaced whole by the loop, so that other threads may read it at any moment.
        self.lag = Lag(consumer.name)
        self.loop = Loop(f"bus-{consumer.name}", self._step)

    def connect(self) -> None:
        self._kafka = self._brokers.consumer(self._consumer.name, self._consumer.topics)

    def close(self) -> None:
        kafka, self._kafka = self._kafka, None
        if kafka:
            quietly(lambda: kafka.close(autocommit=False, timeout_ms=2_000))

    def _step(self) -> float:
        polled: dict[Any, list[Any]] = {}
        try:
            go_on_joining(self._kafka)
            polled = self._kafka.poll(timeout_ms=_POLL_MS, max_records=BATCH)
            if self._began_again(polled):
                return 0.0
            if polled:
                self._handle(polled)
            # What waits behind these was said no earlier than the last of them.
            self._note_lag(max((records[-1].timestamp for records in polled.values()), default=None))
            return 0.0
        except (Away, TooMany, KafkaError, DBAPIError) as reason:
            log.info("bus waits", extra={"consumer": self._consumer.name, "reason": type(reason).__name__})
            with suppress(KafkaError):
                self._note_lag(min((records[0].timestamp for records in polled.values()), default=None))
            return self.loop.rest(_BACK_OFF_S)

    def _began_again(self, polled: dict[Any, list[Any]]) -> bool:
        """In a topic made anew our place may lie behind facts that we never heard: all of it is read."""
        told = {(each, topic_id_known_to(self._kafka, each)) for each in self._consumer.topics}
        told |= {(record.topic, topic_id_in(record)) for records in polled.values() for record in records}
        fresh = {(topic, topic_id) for topic, topic_id in told - self._made if topic_id}
        anew = {topic for topic, _ in fresh} & {topic for topic, _ in self._made}
        self._made |= fresh
        if partitions := [each for each in self._kafka.assignment() if each.topic in anew]:
            log.info("topic read anew", extra={"consumer": self._consumer.name, "topics": sorted(anew)})
            self._kafka.seek_to_beginning(*partitions)
        return bool(partitions)

    def _note_lag(self, since_ms: int | None) -> None:
        """From what Kafka said with the last messages; nothing is waited for."""
        oldest = self.lag.oldest if since_ms is None else datetime.fromtimestamp(since_ms / 1000, UTC)
        known = [(self._kafka.highwater(each), self._kafka.position(each, 0)) for each in self._kafka.assignment()]
        if any(end is not None and place is None for end, place in known):
            # Where it is will be known again; until then it is as far behind as it was.
            return
        behind = sum(max(end - place, 0) for end, place in known if end is not None)
        self.lag = Lag(self._consumer.name, behind, oldest if behind else None)

    def _handle(self, polled: dict[Any, list[Any]]) -> None:
        handled = False
        try:
            messages = [opened(record) for records in polled.values() for record in records]
            self._park_unreadable([message for message in messages if message.kind == UNREADABLE])
            deliver(self._db, self._consumer, messages, self._clock)
            handled = True
        finally:
            if not handled:
                self._go_back(polled)
        self._kafka.commit()

    def _go_back(self, polled: dict[Any, list[Any]]) -> None:
        """The next poll begins with these messages again; partitions lost meanwhile begin where they were committed."""
        for partition in self._kafka.assignment() & polled.keys():
            self._kafka.seek(partition, polled[partition][0].offset)

    def _park_unreadable(self, messages: Sequence[Message]) -> None:
        for message in messages:
            with self._db.write() as conn:
                if seen.unseen(conn, self._consumer.name, [message.id]):
                    seen.park(conn, self._consumer.name, message, "not a message of Fosse", self._clock())
                    seen.note(conn, self._consumer.name, {message.id}, self._clock())


def topic_id_in(record: Any) -> str:
    """Which topic of this name its relay meant; empty when it did not say."""
    said: bytes = dict(record.headers or ()).get("topic_id") or b""
    return said.decode(errors="replace")


def opened(record: Any) -> Message:
    """The message in a record of Kafka; of kind `UNREADABLE` when no relay of Fosse wrote it.

    Whatever comes back, the tables of messages can hold: what they refused would be met again for ever.
    """
    headers = dict(record.headers or ())
    try:
        message_id, key = _word(headers["id"], _ID), _word(record.key, _ID)
        happened_at = datetime.fromisoformat(_word(headers["happened_at"], _INSTANT))
        if not message_id or happened_at.tzinfo is None or record.value is None:
            raise ValueError
        kind = _word(headers["kind"], _KIND)
        traceparent = _word(headers.get(HEADER), _TRACEPARENT)
        return Message(message_id, record.topic, kind, key, record.value, happened_at.astimezone(UTC), traceparent)
    except (KeyError, ValueError, OverflowError):
        return _unreadable(record)


def _unreadable(record: Any) -> Message:
    place = hashlib.sha256(f"{record.topic}/{record.partition}/{record.offset}".encode()).hexdigest()[:32]
    try:
        # It may have been meant for that item, whose later messages wait behind it.
        key = _word(record.key, _ID)
    except ValueError:
        key = place
    return Message(place, record.topic, UNREADABLE, key, record.value or b"", datetime.fromtimestamp(0, UTC))


def _word(said: bytes | None, longest: int) -> str:
    """Raises `ValueError` for what a column of so many letters cannot hold; PostgreSQL keeps no NUL."""
    word = (said or b"").decode()
    if len(word) > longest or "\0" in word:
        raise ValueError
    return word
