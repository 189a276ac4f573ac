"""What both carriers of facts promise to services, whichever database lies below."""

import logging
import random
import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.bus import Lag, Message, replay_parked
from services.common.clock import utc_now
from services.common.rpc_errors import Away
from tests.containers.road import ADOPTED, Road, take_effect
from tests.waiting import until


def test_each_fact_takes_effect_once_and_in_the_order_of_its_item(road: Road) -> None:
    consumer = road.consumer()
    keys = [f"{number:032x}" for number in range(5)]
    sent: dict[str, int] = dict.fromkeys(keys, 0)
    road.open(consumer)

    for key in random.Random(1).choices(keys, k=200):
        sent[key] += 1
        road.say(key, sent[key])
    until(lambda: len(road.effects(consumer)) >= 200, "all facts took effect")

    assert {key: road.versions(consumer, key) for key in keys} == {
        key: list(range(1, count + 1)) for key, count in sent.items()
    }


def test_a_bus_that_starts_again_goes_on_where_it_was(road: Road) -> None:
    consumer = road.consumer()
    road.open(consumer)
    road.say("a", 1, 2, 3)
    until(lambda: len(road.effects(consumer)) == 3, "the first facts took effect")

    road.close()
    road.say("a", 4, 5)
    road.open(consumer)
    until(lambda: len(road.effects(consumer)) >= 5, "the later facts took effect")

    assert road.versions(consumer, "a") == [1, 2, 3, 4, 5]


def test_a_consumer_that_cannot_go_on_says_how_far_behind_it_is_and_since_when(road: Road) -> None:
    began, back = utc_now(), threading.Event()

    def handler(conn: Connection, message: Message) -> None:
        if not back.is_set():
            raise Away("the other service does not answer")
        take_effect(consumer.name)(conn, message)

    consumer = road.consumer(handlers={ADOPTED: lambda conn, message: handler(conn, message)})
    bus = road.open(consumer)
    road.say("a", 1, 2, 3)

    until(lambda: [each.messages for each in bus.lags({consumer.name})] == [3], "three messages wait")
    (lag,) = bus.lags({consumer.name})
    assert lag.oldest and began - timedelta(seconds=2) < lag.oldest < utc_now() + timedelta(seconds=2)

    back.set()
    until(lambda: bus.lags({consumer.name}) == [Lag(consumer.name)], "nothing waits any more")
    assert road.versions(consumer, "a") == [1, 2, 3] and bus.lags({"somebody else"}) == []


def test_a_batch_that_is_interrupted_takes_effect_once_when_it_comes_again(road: Road) -> None:
    road.say("a", *range(1, 21))
    away = iter([True, True])

    def handler(conn: Connection, message: Message) -> None:
        take_effect(consumer.name)(conn, message)
        if message.as_(ResourceAdopted).version == 15 and next(away, False):
            raise Away("the other service does not answer")

    consumer = road.consumer(handlers={ADOPTED: lambda conn, message: handler(conn, message)})

    road.open(consumer)
    until(lambda: len(road.effects(consumer)) >= 20, "all facts took effect")

    assert road.versions(consumer, "a") == list(range(1, 21))
    assert road.parked(consumer) == []


def test_a_message_that_cannot_be_handled_is_parked_with_those_behind_it_and_others_go_on(road: Road) -> None:
    consumer = road.consumer()
    road.say("poisoned", 1)
    road.say_nonsense("poisoned")
    road.say("poisoned", 3, 4)
    road.say("good", *range(1, 31))

    road.open(consumer)
    until(lambda: len(road.effects(consumer)) >= 31 and len(road.parked(consumer)) >= 3, "good ones took effect")

    assert road.versions(consumer, "good") == list(range(1, 31))
    assert road.versions(consumer, "poisoned") == [1]
    assert road.parked(consumer) == ["poisoned"] * 3


def test_parked_messages_take_effect_in_order_once_they_can_be_handled(road: Road) -> None:
    mended = False

    def handler(conn: Connection, message: Message) -> None:
        if not mended and message.as_(ResourceAdopted).stage == "too new":
            raise RuntimeError("a stage this software does not know")
        take_effect(consumer.name)(conn, message)

    consumer = road.consumer(handlers={ADOPTED: lambda conn, message: handler(conn, message)})
    road.say("a", 1)
    road.say("a", 2, stage="too new")
    road.say("a", 3, 4)
    road.open(consumer)
    until(lambda: len(road.parked(consumer)) == 3, "the message and those behind it are parked")

    assert replay_parked(road.sink, consumer, utc_now) == 0
    mended = True
    assert replay_parked(road.sink, consumer, utc_now) == 3

    assert road.versions(consumer, "a") == [1, 2, 3, 4]
    assert road.parked(consumer) == []


def test_nothing_is_parked_while_the_database_is_away(road: Road, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    consumer = road.consumer()
    road.open(consumer)
    road.say("a", 1)
    until(lambda: road.versions(consumer, "a") == [1], "the first fact took effect")

    with road.sink_away():
        road.say("a", 2, 3)
        until(lambda: {"bus waits", "loop step failed"} & set(caplog.messages), "the bus saw that it cannot")
    until(lambda: len(road.versions(consumer, "a")) >= 3, "the facts took effect after all")

    assert road.versions(consumer, "a") == [1, 2, 3]
    assert road.parked(consumer) == []


def test_nothing_is_parked_while_a_service_that_must_be_asked_is_away(road: Road) -> None:
    asked: list[int] = []

    def prepare(messages: object) -> str:
        asked.append(1)
        if len(asked) < 3:
            raise Away("the other service does not answer")
        return "answer"

    def handler(conn: Connection, message: Message, prepared: str) -> None:
        assert prepared == "answer"
        take_effect(consumer.name)(conn, message)

    consumer = road.consumer(handlers={ADOPTED: lambda *given: handler(*given)}, prepare=prepare)
    road.say("a", 1, 2)
    road.open(consumer)
    until(lambda: len(road.effects(consumer)) >= 2, "the facts took effect after all")

    assert road.versions(consumer, "a") == [1, 2]
    assert road.parked(consumer) == []


def test_a_kind_that_nobody_here_knows_is_passed_over(road: Road) -> None:
    consumer = road.consumer()
    with road.source.write() as conn:
        facts.put(conn, ItemShared(item_id="a", version=1), "a", utc_now())
    road.say("a", 2)

    road.open(consumer)
    until(lambda: road.effects(consumer), "the known fact took effect")

    assert road.versions(consumer, "a") == [2]
    assert road.parked(consumer) == []


def test_sending_all_facts_once_more_changes_nothing(road: Road) -> None:
    consumer = road.consumer()
    road.open(consumer)
    road.say("a", 1, 2, 3)
    road.say("b", 1, 2, 3)
    until(lambda: len(road.effects(consumer)) == 6, "all facts took effect")

    with road.source.write() as conn:
        assert facts.resend(conn, utc_now()) == 6
    road.say("a", 4)
    road.say("b", 4)
    until(lambda: {("a", 4), ("b", 4)} <= set(road.effects(consumer)), "facts said after them took effect")

    assert road.versions(consumer, "a") == road.versions(consumer, "b") == [1, 2, 3, 4]


def test_two_listeners_each_hear_everything_at_their_own_pace(road: Road) -> None:
    early, late = road.consumer("early"), road.consumer("late")
    road.open(early)
    road.say("a", 1, 2, 3)
    until(lambda: len(road.effects(early)) == 3, "the early listener heard all")

    road.close()
    road.open(early, late)
    until(lambda: len(road.effects(late)) == 3, "the late listener heard all")

    assert road.versions(early, "a") == road.versions(late, "a") == [1, 2, 3]
