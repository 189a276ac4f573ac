"""What only the Kafka carrier can meet: a broker that is away, a topic that is lost, records that no relay wrote."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.common import facts
from services.common.clock import utc_now
from services.common.kafka import KafkaBus, reader
from services.common.kafka.clients import Brokers
from services.common.rpc_errors import Away
from tests.broker import Broker
from tests.containers.road import ADOPTED, Road, roads, take_effect
from tests.containers.strangers import STRANGERS, send
from tests.databases import PostgresDatabases
from tests.promises.planted import planted
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("kafka")


@pytest.fixture
def road(postgres_databases: PostgresDatabases, broker: Broker) -> Iterator[Road]:
    with roads(postgres_databases, lambda: KafkaBus(broker.address, utc_now, partitions=3)) as made:
        yield made


def unsent(road: Road) -> int:
    return road.running[0].waiting(road.topic).unsent


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


@pytest.mark.parametrize("poll_ms", [500, 1])
def test_a_topic_that_was_lost_is_filled_again_from_the_facts(road: Road, broker: Broker, poll_ms: int) -> None:
    early, late = road.consumer(), road.consumer()
    # As short as one millisecond, polls end while the group is made up anew, as on a busy machine.
    with planted((reader, "_POLL_MS", poll_ms)):
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


def test_a_reader_hears_all_of_a_topic_made_anew_however_far_it_was_in_the_old_one(
    road: Road, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    away = threading.Event()

    def prepare(messages: object) -> None:
        if away.is_set():
            raise Away("the other service does not answer")

    consumer = road.consumer(prepare=prepare)
    consumer = replace(consumer, handlers={ADOPTED: lambda conn, message, _: take_effect(consumer.name)(conn, message)})
    road.open(consumer)
    road.say("a", 1, 2, 3)
    until(lambda: len(road.effects(consumer)) == 3 and not unsent(road), "all was carried")
    # Twice in the old topic, once in the new one: the old place lies behind facts that nobody heard yet.
    with road.source.write() as conn:
        facts.resend(conn, utc_now())
    # Behind them, so that the reader has passed them once this took effect.
    road.say("a", 4)
    until(lambda: len(road.effects(consumer)) == 4 and not unsent(road), "all was carried again")
    away.set()
    road.say("a", 5, 6, 7, 8)
    until(lambda: not unsent(road) and road.running[0].lags({consumer.name})[0].messages == 4, "four facts wait")

    admin = Brokers(broker.address, 3, 1).admin()
    admin.delete_topics([road.topic])
    admin.close()
    away.clear()
    road.say("a", 9)
    until(lambda: ("a", 9) in road.effects(consumer), "the last fact took effect", within_s=60)

    assert road.versions(consumer, "a") == list(range(1, 10))
    assert caplog.messages.count("topic read anew") <= 1


def test_a_record_that_no_relay_wrote_is_parked_and_holds_up_nothing_else(road: Road, broker: Broker) -> None:
    consumer = road.consumer()
    road.open(consumer)

    send(broker, road.topic, STRANGERS)
    road.say("a", 1)
    until(lambda: road.effects(consumer) and len(road.parked(consumer)) == len(STRANGERS), "the fact took effect")

    assert road.versions(consumer, "a") == [1]
    assert set(road.parked(consumer)) >= {"stranger", ""} and "a" not in road.parked(consumer)
