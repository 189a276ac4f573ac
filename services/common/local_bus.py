"""The embedded node's carrier: each consumer reads the facts of others straight from their tables."""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass

from services.common import facts, seen
from services.common.bus import BATCH, Consumer, Lag, Message, deliver
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import TooMany
from services.common.facts import Place, Unsent
from services.common.loops import Loop
from services.common.rpc_errors import Away

log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 5.0
_BACK_OFF_S = 0.5


@dataclass(frozen=True)
class _Listening:
    consumer: Consumer
    db: Database
    topic: str
    source: Database


class LocalBus:
    """Carries facts between services of one process. Sources are added before consumers start."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: dict[str, Database] = {}
        self._loops: list[Loop] = []
        self._listening: list[_Listening] = []

    def add_source(self, topic: str, db: Database) -> None:
        """The facts of `topic` lie in this database."""
        self._sources[topic] = db

    def listen(self, consumer: Consumer, db: Database) -> None:
        """The consumer's effects, positions and seen messages lie in `db`."""
        listening = [_Listening(consumer, db, topic, self._sources[topic]) for topic in consumer.topics]
        loop = Loop(f"bus-{consumer.name}", lambda: self._step(listening, loop.rest), breath_s=consumer.gather_s)
        for each in listening:
            each.source.when("facts", loop.wake)
        self._loops.append(loop)
        self._listening.extend(listening)

    def start(self) -> None:
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        for loop in self._loops:
            loop.stop()

    def waiting(self, topic: str) -> Unsent:
        """What the slowest listener of this topic has yet to hear."""
        places = [self._place(each) for each in self._listening if each.topic == topic]
        with self._sources[topic].read() as conn:
            return facts.waiting_beyond(conn, min(places)) if places else Unsent(0, None)

    def lags(self, consumers: Collection[str]) -> list[Lag]:
        """Of the listeners with these names, each over all its topics."""
        found: dict[str, Lag] = {}
        for each in self._listening:
            name = each.consumer.name
            if name in consumers:
                place = self._place(each)
                with each.source.read() as conn:
                    more = facts.waiting_beyond(conn, place)
                so_far = found.get(name, Lag(name))
                oldest = min((at for at in (so_far.oldest, more.oldest) if at), default=None)
                found[name] = Lag(name, so_far.messages + more.unsent, oldest)
        return list(found.values())

    def _place(self, each: _Listening) -> Place:
        with each.db.read() as conn:
            at = seen.position(conn, each.consumer.name, each.topic)
        with each.source.read() as conn:
            return at.within(facts.generation(conn))

    def _step(self, listening: list[_Listening], rest: Callable[[float], float]) -> float:
        try:
            carried = [self.carry(each.consumer, each.db, each.topic) for each in listening]
        except (Away, TooMany) as reason:
            log.info("bus waits", extra={"consumer": listening[0].consumer.name, "reason": type(reason).__name__})
            return rest(_BACK_OFF_S)
        return 0.0 if max(carried) == BATCH else _LOOK_AGAIN_S

    def carry(self, consumer: Consumer, db: Database, topic: str) -> int:
        """Delivers the next batch of one topic; returns how many facts were read."""
        source = self._sources[topic]
        with db.read() as conn:
            at = seen.position(conn, consumer.name, topic)
        with source.read() as conn:
            generation = facts.generation(conn)
            found = facts.after(conn, at.within(generation), BATCH)
        if found:
            messages = [Message(f.message_id, topic, f.kind, f.key, f.body, f.happened_at) for f in found]
            last = found[-1].place
            deliver(
                db,
                consumer,
                messages,
                self._clock,
                lambda conn: seen.move(conn, consumer.name, topic, generation, last),
            )
        return len(found)
