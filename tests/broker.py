"""A Kafka broker in a container. The broker must advertise the port that Docker picks, which is known only after the
start: so the container waits for one line with the address before it starts Kafka."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import LogMessageWaitStrategy

from tests import machine

SETTINGS = {
    "CLUSTER_ID": "5L6g3nShT-eMCtK--X86sw",
    "KAFKA_NODE_ID": "1",
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
    "KAFKA_LISTENERS": "INSIDE://:9092,OUTSIDE://:29092,CONTROLLER://localhost:9093",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "INSIDE:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
    "KAFKA_INTER_BROKER_LISTENER_NAME": "INSIDE",
    "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
    "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "1",
    "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
    "KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS": "1",
    # Else a group's first member waits three seconds for others.
    "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    "KAFKA_BROKER_SESSION_TIMEOUT_MS": "3000",
    "KAFKA_BROKER_HEARTBEAT_INTERVAL_MS": "1000",
    "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    # A heap this small needs the smaller buffer of the log cleaner.
    "KAFKA_HEAP_OPTS": "-Xmx128m -Xms64m",
    "KAFKA_LOG_CLEANER_DEDUPE_BUFFER_SIZE": "10485760",
}


class Broker(DockerContainer):
    def __init__(self) -> None:
        super().__init__(machine.KAFKA_IMAGE)
        self.with_command("bash -c 'until [ -s /tmp/go ]; do sleep 0.05; done; . /tmp/go'")
        self.with_envs(**SETTINGS).with_exposed_ports(29092)

    def start(self) -> Self:
        super().start()
        advertised = f"INSIDE://localhost:9092,OUTSIDE://{self.address}"
        go = f"export KAFKA_ADVERTISED_LISTENERS={advertised}; exec /etc/kafka/docker/run"
        self.exec(["bash", "-c", f"echo '{go}' > /tmp/go.part && mv /tmp/go.part /tmp/go"])
        LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(60).wait_until_ready(self)
        return self

    @contextmanager
    def away(self) -> Iterator[None]:
        """It hears nothing, and forgets nothing."""
        self.get_wrapped_container().pause()
        try:
            yield
        finally:
            self.get_wrapped_container().unpause()

    @contextmanager
    def without_its_volume(self) -> Iterator[None]:
        """It comes back at the same address with nothing; needs a port of its own."""
        self.stop()
        yield
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.get_exposed_port(29092)}"
