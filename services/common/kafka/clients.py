"""Connections to Kafka, whose settings are asserted: the promises rest on them (PROMISE 4)."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError

log = logging.getLogger(__name__)
KEPT = timedelta(days=14)
# A broker that is away must be noticed within seconds, and found again as fast.
_CONNECTION = {"bootstrap_timeout_ms": 10_000, "reconnect_backoff_max_ms": 1_000, "request_timeout_ms": 7_000}
_PRODUCER = {
    "acks": "all",
    "enable_idempotence": True,
    "allow_auto_create_topics": False,
    "linger_ms": 5,
    "max_block_ms": 5_000,
    # Longer than a relay waits for its batch: what expired alone would let what is behind it overtake.
    "delivery_timeout_ms": 15_000,
}
_CONSUMER = {
    "enable_auto_commit": False,
    "auto_offset_reset": "earliest",
    "isolation_level": "read_committed",
    "allow_auto_create_topics": False,
    "session_timeout_ms": 6_000,
    "heartbeat_interval_ms": 1_500,
    # How long a topic made anew may go unnoticed.
    "metadata_max_age_ms": 10_000,
}
PRODUCER_PROMISES = {"acks": -1, "enable_idempotence": True}
CONSUMER_PROMISES = {"enable_auto_commit": False, "auto_offset_reset": "earliest", "isolation_level": "read_committed"}
TOPIC_PROMISES = {
    "cleanup.policy": "delete",
    "retention.ms": str(int(KEPT.total_seconds() * 1000)),
    "unclean.leader.election.enable": "false",
    # The broker's own time: by a node's wrong clock it would refuse messages, or drop them as too old.
    "message.timestamp.type": "LogAppendTime",
}

# Of fewer than three copies one may be all there is of what was confirmed, and its machine may lose power.
WRITTEN_THROUGH = {"flush.messages": "1"}


class KafkaTrouble(Exception):
    """Kafka cannot be used; the sentence says why and what to do."""


class Brokers:
    """The Kafka of this node."""

    def __init__(self, servers: str, partitions: int, replicas: int) -> None:
        self.servers = servers
        self._shape = {"num_partitions": partitions, "replication_factor": replicas}
        self._promises = {**TOPIC_PROMISES, "min.insync.replicas": str(max(1, replicas - 1))}
        self._written_through = WRITTEN_THROUGH if replicas < 3 else {}

    def producer(self) -> Any:
        producer = KafkaProducer(bootstrap_servers=self.servers, **_CONNECTION, **_PRODUCER)
        assert_settings("the producer", producer.config, PRODUCER_PROMISES)
        return producer

    def consumer(self, group: str, topics: Sequence[str]) -> Any:
        consumer = KafkaConsumer(*topics, bootstrap_servers=self.servers, group_id=group, **_CONNECTION, **_CONSUMER)
        assert_settings("the consumer", consumer.config, CONSUMER_PROMISES)
        return consumer

    def admin(self) -> Any:
        return KafkaAdminClient(bootstrap_servers=self.servers, **_CONNECTION)

    def prepare(self, topics: Iterable[str]) -> None:
        """Makes the topics that are missing, and sees to the settings of all."""
        names = sorted(topics)
        admin = self.admin()
        try:
            for name in names:
                self.topic_id(admin, name)
            self.write_through(admin, names)
            self.check(admin, names)
        finally:
            quietly(admin.close)

    def topic_id(self, admin: Any, topic: str) -> str:
        """Another one when Kafka's volume was lost; the topic is made where it is missing."""
        found = admin.describe_topics([topic])[0]
        if found["error_code"]:
            self._make(admin, topic)
            found = admin.describe_topics([topic])[0]
        return str(found["topic_id"])

    def _make(self, admin: Any, topic: str) -> None:
        try:
            settings = self._promises | self._written_through
            admin.create_topics({topic: {**self._shape, "configs": settings}}, wait_for_metadata=True)
        except TopicAlreadyExistsError:
            # Another process of this node made it in the same moment.
            admin.wait_for_topics([topic])

    def write_through(self, admin: Any, topics: Sequence[str]) -> None:
        """Topics that an older version made, too (decision 0040). Raises `KafkaTrouble` when Kafka refuses."""
        if not (topics and self._written_through):
            return
        changes = [ConfigResource(ConfigResourceType.TOPIC, topic, self._written_through) for topic in topics]
        refused = set(admin.alter_configs(changes, raise_on_unknown=False)["topic"].values()) - {"OK"}
        if refused:
            raise KafkaTrouble(
                f"Kafka does not let this node say how its topics are kept: {'; '.join(sorted(refused))}. Where it has "
                "just started, it will in a moment; else please let this node change them."
            )

    def check(self, admin: Any, topics: Sequence[str]) -> None:
        """Raises `KafkaTrouble` where a topic has other settings."""
        if not topics:
            return
        resources = [ConfigResource(ConfigResourceType.TOPIC, topic) for topic in topics]
        for topic, settings in admin.describe_configs(resources, config_filter="all")["topic"].items():
            in_force = {name: setting["value"] for name, setting in settings.items()}
            assert_settings(f"the topic {topic}", in_force, self._promises)


def topic_id_known_to(consumer: Any, topic: str) -> str:
    """Empty until Kafka said it. The client keeps it without a public name; asking anew would cost a connection."""
    return str(consumer._cluster.topic_id(topic) or "")


def go_on_joining(consumer: Any) -> None:
    """To be called before each poll: the client forgets that it began to join its group where a poll ended meanwhile.

    Nothing but a poll changes this flag, so it may be read between two; it has no public name (decision 0033).
    """
    if consumer._coordinator.rejoining:
        consumer._coordinator.request_rejoin()


def assert_settings(whose: str, in_force: Mapping[str, Any], promises: Mapping[str, Any]) -> None:
    """Raises `KafkaTrouble` where a setting in force is not what the promises rest on."""
    wrong = [
        f"{name} is {in_force.get(name)!r}, not {value!r}"
        for name, value in promises.items()
        if in_force.get(name) != value
    ]
    if wrong:
        raise KafkaTrouble(
            f"Kafka would not keep what Fosse promises: of {whose}, {'; '.join(wrong)}. Please correct it."
        )


def drop(producer: Any) -> None:
    """With what it still holds: `close` alone waits for Kafka, and where that is away leaves a thread that goes on."""
    producer._sender.force_close()
    quietly(lambda: producer.close(timeout=2))


def quietly(close: Callable[[], None]) -> None:
    """Kafka may be away when we go; what it has not confirmed is sent again after the next start."""
    try:
        close()
    except KafkaError as trouble:
        log.info("kafka not closed cleanly", extra={"reason": type(trouble).__name__})
