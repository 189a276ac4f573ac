"""PROMISE 4: the settings that the other promises rest on are in force, or the process does not start."""

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.admin import ConfigResource, ConfigResourceType

from services.common.clock import utc_now
from services.common.kafka import KafkaBus, KafkaTrouble
from services.common.kafka.clients import (
    CONSUMER_PROMISES,
    PRODUCER_PROMISES,
    TOPIC_PROMISES,
    Brokers,
    assert_settings,
)
from tests.broker import Broker
from tests.containers.road import Road
from tests.promises.promise import promise
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("kafka")


@pytest.mark.parametrize("road", ["stack"], indirect=True)
def test_a_bus_starts_with_the_settings_it_promises(road: Road, broker: Broker) -> None:
    road.open(road.consumer())
    brokers = Brokers(broker.address, 3, 1)
    producer, consumer = brokers.producer(), brokers.consumer("settings", [road.topic])

    in_force = [producer.config[name] for name in PRODUCER_PROMISES] + [consumer.config[n] for n in CONSUMER_PROMISES]
    producer.close()
    consumer.close(autocommit=False)
    wanted = [*PRODUCER_PROMISES.values(), *CONSUMER_PROMISES.values()]

    asserted = len(wanted) + len(TOPIC_PROMISES) + 1
    promise(4, "stack", "Kafka's settings asserted at start", in_force == wanted, f"asserted={asserted} wrong=0", 0)


@pytest.mark.parametrize("road", ["stack"], indirect=True)
def test_a_bus_does_not_start_on_settings_that_would_lose_messages(road: Road, broker: Broker) -> None:
    admin = Brokers(broker.address, 3, 1).admin()
    careless = ({"retention.ms": "60000"}, {"cleanup.policy": "compact"})
    for number, config in enumerate(careless):
        admin.create_topics(
            {f"fosse.planted-{number}": {"num_partitions": 1, "replication_factor": 1, "configs": config}}
        )
    admin.close()
    producer = KafkaProducer(bootstrap_servers=broker.address, acks=1, enable_idempotence=False)
    consumer = KafkaConsumer(bootstrap_servers=broker.address, group_id="planted")

    refused = 0
    for number in range(len(careless)):
        bus = KafkaBus(broker.address, utc_now)
        bus.add_source(f"fosse.planted-{number}", road.source)
        with pytest.raises(KafkaTrouble):
            bus.start()
        refused += 1
    for config, wanted in ((producer.config, PRODUCER_PROMISES), (consumer.config, CONSUMER_PROMISES)):
        with pytest.raises(KafkaTrouble):
            assert_settings("planted", config, wanted)
        refused += 1
    producer.close()
    consumer.close()

    promise(4, "stack", "Kafka's settings, planted: careless ones", refused == 4, f"planted=4 refused={refused}", 0)


@pytest.mark.parametrize("road", ["stack"], indirect=True)
def test_a_topic_of_before_is_written_through_once_a_bus_started(road: Road, broker: Broker) -> None:
    admin = Brokers(broker.address, 3, 1).admin()
    of_before = {"num_partitions": 3, "replication_factor": 1, "configs": TOPIC_PROMISES}
    admin.create_topics({road.topic: of_before}, wait_for_metadata=True)
    topic = [ConfigResource(ConfigResourceType.TOPIC, road.topic)]

    def flushed_after() -> str:
        return str(admin.describe_configs(topic, config_filter="all")["topic"][road.topic]["flush.messages"]["value"])

    before = flushed_after()
    road.open(road.consumer())
    until(lambda: flushed_after() == "1", "each batch is written through")
    admin.close()

    promise(4, "stack", "Kafka writes through", before != "1", f"before={before} after=1", 0)
