"""What only the Kafka carrier can meet: a broker that is away, a topic that is lost, records that no relay wrote."""

from collections.abc import Iterator

import pytest

from services.common import facts
from services.common.clock import utc_now
from services.common.kafka import KafkaBus
from services.common.kafka.clients import Brokers
from tests.broker import Broker
from tests.containers.road import Road, roads
from tests.databases import PostgresDatabases
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("kafka")


@pytest.fixture
def road(postgres_databases: PostgresDatabases, broker: Broker) -> Iterator[Road]:
    with roads(postgres_databases, lambda: KafkaBus(broker.address, utc_now, partitions=3)) as made:
        yield made


def unsent(road: Road) -> int:
    with road.source.read() as conn:
        return facts.waiting(conn).unsent


def test_facts_said_while_kafka_is_away_arrive_when_it_is_back(road: Road, broker: Broker) -> None:
    consumer = road.consumer()
    road.open(consumer)
    road.say("a", 1)
    until(lambda: road.versions(consumer, "a") == [1], "the first fact took effect")

    with broker.away():
        road.say("a", 2, 3)
        waiting = unsent(road)
    until(lambda: len(road.versions(consumer, "a")) >= 3, "the facts took effect", within_s=60)

    assert waiting >= 2
    assert road.versions(consumer, "a") == [1, 2, 3]


def test_a_topic_that_was_lost_is_filled_again_from_the_facts(road: Road, broker: Broker) -> None:
    early, late = road.consumer(), road.consumer()
    road.open(early)
    road.say("a", 1, 2, 3)
    until(lambda: len(road.effects(early)) == 3 and not unsent(road), "all was carried")

    admin = Brokers(broker.address, 3, 1).admin()
    admin.delete_topics([road.topic])
    admin.close()
    road.say("a", 4)
    until(lambda: len(road.effects(early)) >= 4, "the fact said afterwards took effect", within_s=60)
    road.open(late)
    until(lambda: len(road.effects(late)) >= 4, "a new listener hears all of it")

    assert road.versions(early, "a") == road.versions(late, "a") == [1, 2, 3, 4]


def test_a_record_that_no_relay_wrote_is_parked_and_holds_up_nothing_else(road: Road, broker: Broker) -> None:
    consumer = road.consumer()
    road.open(consumer)
    producer = Brokers(broker.address, 3, 1).producer()
    for headers in ([], [("id", b"x"), ("kind", b"y"), ("happened_at", b"yesterday")], [("id", b"\xff")]):
        producer.send(road.topic, key=b"stranger", value=b"?", headers=headers)
    producer.flush(timeout=10)
    producer.close()

    road.say("a", 1)
    until(lambda: road.effects(consumer) and len(road.parked(consumer)) == 3, "the fact took effect")

    assert road.versions(consumer, "a") == [1]
    assert road.parked(consumer) == ["stranger"] * 3
