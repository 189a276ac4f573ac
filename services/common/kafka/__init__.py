"""The deployed node's carrier, and the only place that knows Kafka: facts go to a topic per service, and come back.

Promised: every committed fact reaches every listener at least once, in the order of its key. A relay reads facts in
order of their number, sends them (acks=all, idempotent), waits for Kafka's word on each, and only then marks them with
the topic's id. A crash in between sends them again; `seen` makes that one effect. A topic with another id, because
Kafka's volume was lost, has its settings checked and is filled again from the facts still kept; messages say which id
was meant, and a reader that meets a new one reads that topic from its beginning. A reader commits its place only after
the effects are committed; when the database or another service is away it goes back to where the batch began and waits.

Not promised: order between keys; that a message is sent only once.
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

from kafka.errors import KafkaError

from services.common.bus import Consumer, Lag
from services.common.clock import Clock
from services.common.database import Database
from services.common.facts import Unsent
from services.common.kafka.clients import Brokers, KafkaTrouble
from services.common.kafka.reader import Reader
from services.common.kafka.relay import Relay

if TYPE_CHECKING:
    from services.common.tracing import Tracer

__all__ = ["KafkaBus", "KafkaTrouble"]


class KafkaBus:
    """Carries facts between processes. Sources and listeners are added before the start."""

    def __init__(
        self, servers: str, clock: Clock, *, partitions: int = 6, replicas: int = 1, tracer: "Tracer | None" = None
    ) -> None:
        self._brokers = Brokers(servers, partitions, replicas)
        self._clock = clock
        self._tracer = tracer
        self._carriers: list[Relay | Reader] = []
        self._topics: set[str] = set()
        self._relays: dict[str, Relay] = {}

    def add_source(self, topic: str, db: Database) -> None:
        """The facts of `topic` lie in this database."""
        self._topics.add(topic)
        self._relays[topic] = Relay(self._brokers, topic, db, self._tracer)
        self._carriers.append(self._relays[topic])

    def listen(self, consumer: Consumer, db: Database) -> None:
        """The consumer's effects and seen messages lie in `db`; its position with Kafka, in a group of its name."""
        self._topics.update(consumer.topics)
        traced = self._tracer.hearing(consumer) if self._tracer else consumer
        self._carriers.append(Reader(self._brokers, traced, db, self._clock))

    def waiting(self, topic: str) -> Unsent:
        """What the relay has yet to send."""
        return self._relays[topic].waiting()

    def lags(self, consumers: Collection[str]) -> list[Lag]:
        """Of the listeners with these names."""
        return [each.lag for each in self._carriers if isinstance(each, Reader) and each.lag.consumer in consumers]

    def start(self) -> None:
        """Raises `KafkaTrouble` when Kafka does not answer, or is not set up so that it keeps the promises."""
        try:
            self._brokers.prepare(self._topics)
            for carrier in self._carriers:
                carrier.connect()
        except KafkaError as trouble:
            self.stop()
            raise KafkaTrouble(
                f"Kafka at {self._brokers.servers} does not answer as it should ({type(trouble).__name__}). Nothing is "
                "lost; start Kafka, or correct the setting that names its address, and start this process again."
            ) from trouble
        for carrier in self._carriers:
            carrier.loop.start()

    def stop(self) -> None:
        for carrier in self._carriers:
            carrier.loop.stop()
        for carrier in self._carriers:
            carrier.close()
