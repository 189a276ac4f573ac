"""PROMISE 3: however often and in whatever order messages are delivered, each takes effect once."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import select

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common.bus import Consumer, Message, deliver
from services.common.clock import utc_now
from services.common.facts import Fact, Place
from services.common.ids import new_id
from services.common.kafka.clients import Brokers
from services.common.kafka.relay import envelope
from tests.broker import Broker
from tests.containers.road import ADOPTED, Road, effects
from tests.machine import FULL
from tests.promises.promise import promise
from tests.waiting import until

SEED = 3
MESSAGES, TIMES = (10_000, 5) if FULL else (1_000, 5)
NEW_ID_EACH_TIME = "a new id at each sending"


def shuffled(topic: str, bug: str = "") -> list[Message]:
    """Each message five times, in any order."""
    made = [
        Message(new_id(), topic, ADOPTED, f"item-{n % 50}", ResourceAdopted(version=n).SerializeToString(), utc_now())
        for n in range(MESSAGES)
    ]
    deliveries = [replace(each, id=new_id()) if bug else each for each in made for _ in range(TIMES)]
    random.Random(SEED).shuffle(deliveries)
    return deliveries


def send(broker: Broker, messages: list[Message]) -> None:
    brokers = Brokers(broker.address, 6, 1)
    brokers.prepare({messages[0].topic})
    producer = brokers.producer()
    for each in messages:
        fact = Fact(Place(0, 0), each.id, each.kind, each.key, each.body, each.happened_at)
        producer.send(each.topic, **envelope(fact, ""))
    producer.flush(timeout=60)
    producer.close()


def counted(road: Road) -> Counter[int]:
    with road.sink.read() as conn:
        return Counter(conn.scalars(select(effects.c.version)))


def deliver_with_rebalances(road: Road, broker: Broker, consumer: Consumer, bug: str) -> int:
    """Readers join and leave while the messages are read; returns how often one came or went."""
    send(broker, shuffled(road.topic, bug))
    buses, comings = [road.open(consumer), road.open(consumer)], 2
    for part in (0.2, 0.4, 0.6, 0.8):
        until(lambda part=part: len(counted(road)) >= part * MESSAGES, "messages took effect")  # type: ignore[misc]  # lambda's default
        buses.pop(0).stop()
        buses.append(road.open(consumer))
        comings += 2
    until(lambda: len(counted(road)) == MESSAGES, "every message took effect")
    return comings


@pytest.mark.timeout(1800 if FULL else 300)
@pytest.mark.parametrize("bug", ["", NEW_ID_EACH_TIME])
def test_a_message_delivered_many_times_takes_effect_once(road: Road, bug: str, request: pytest.FixtureRequest) -> None:
    consumer = road.consumer()
    comings = 0

    if road.variant == "stack":
        comings = deliver_with_rebalances(road, request.getfixturevalue("broker"), consumer, bug)
    else:
        deliveries = shuffled(road.topic, bug)
        for start in range(0, len(deliveries), 100):
            deliver(road.sink, consumer, deliveries[start : start + 100], utc_now)

    found = counted(road)
    figures = f"deliveries={MESSAGES * TIMES} messages={MESSAGES} joins_and_leaves={comings} effects={found.total()}"
    doubled = found.total() > MESSAGES
    name = f"many deliveries, planted: {bug}" if bug else "many deliveries, one effect"
    promise(3, road.variant, name, doubled if bug else not doubled and len(found) == MESSAGES, figures, SEED)
