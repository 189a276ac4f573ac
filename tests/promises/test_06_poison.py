"""PROMISE 6: a message that cannot be handled holds up its own item only, and takes effect in order when it can."""

import logging
import random
import time

import pytest
from sqlalchemy import Connection, insert

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.bus import Message, replay_parked
from services.common.clock import utc_now
from services.common.kafka import reader
from tests.broker import Broker
from tests.containers.road import ADOPTED, Road, effects
from tests.containers.strangers import STRANGERS, send
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

SEED = 6
MESSAGES = 10_000 if FULL else 1_000
ITEMS = 100
# A bus that waited for a poisoned message would wait for ever; a busy machine pauses for a second now and then.
LONGEST_STALL_S = 5.0
KEYED_BY_MESSAGE = "keyed by message, not by item"
# What a reader says that meets the same record again.
STUCK = {"bus waits", "loop step failed"}
UNBOUND = "ids and keys taken as they come"


class Listener:
    """Cannot handle poisoned facts until it is mended; notes when each effect came."""

    def __init__(self) -> None:
        self.mended = False
        self.times: list[float] = []

    def handle(self, conn: Connection, message: Message) -> None:
        fact = message.as_(ResourceAdopted)
        if fact.stage == "poison" and not self.mended:
            raise ValueError("planted")
        self.times.append(time.monotonic())
        conn.execute(insert(effects).values(consumer="", key=fact.adoption_id, version=fact.version))


def say_all(road: Road, bug: str) -> dict[str, list[bool]]:
    """1 in 20 is poisoned; returns for each item which of its facts are."""
    dice = random.Random(SEED)
    said: dict[str, list[bool]] = {f"item-{n}": [] for n in range(ITEMS)}
    for number in range(MESSAGES):
        item = dice.choice(list(said))
        said[item].append(dice.random() < 0.05)
        stage = "poison" if said[item][-1] else "adopted"
        fact = ResourceAdopted(adoption_id=item, version=len(said[item]), stage=stage)
        with road.source.write() as conn:
            facts.put(conn, fact, f"message-{number}" if bug else item, utc_now())
    return said


def versions(road: Road) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    with road.sink.read() as conn:
        for row in conn.execute(effects.select().order_by(effects.c.number)):
            found.setdefault(row.key, []).append(row.version)
    return found


def before_poison(said: dict[str, list[bool]]) -> int:
    return sum(poisoned.index(True) if True in poisoned else len(poisoned) for poisoned in said.values())


@pytest.mark.timeout(1800 if FULL else 300)
@pytest.mark.parametrize("bug", ["", KEYED_BY_MESSAGE])
def test_poison_holds_up_its_own_item_only(road: Road, bug: str) -> None:
    listener = Listener()
    consumer = road.consumer(handlers={ADOPTED: lambda conn, message: listener.handle(conn, message)})
    said = say_all(road, bug)
    good = before_poison(said)

    road.open(consumer)
    until(lambda: sum(map(len, versions(road).values())) + len(road.parked(consumer)) >= MESSAGES, "all were handled")
    arrived, parked = sum(map(len, versions(road).values())), len(road.parked(consumer))
    stall = max(after - before for before, after in zip(listener.times, listener.times[1:], strict=False))
    listener.mended = True
    replayed = replay_parked(road.sink, consumer, utc_now)

    in_order = sum(found == sorted(found) for found in versions(road).values())
    kept = arrived == good and replayed == parked == MESSAGES - good and in_order == ITEMS and stall < LONGEST_STALL_S
    figures = f"messages={MESSAGES} delivered={arrived}/{good} parked={parked} items_in_order={in_order}/{ITEMS}"
    name = f"poison, planted: {bug}" if bug else "poison holds up its own item only"
    promise(6, road.variant, name, in_order < ITEMS if bug else kept, f"{figures} stall={stall:.1f}s", SEED)


def taken_as_they_come(said: bytes | None, longest: int) -> str:
    return (said or b"").decode()


@pytest.mark.parametrize("road", [pytest.param("stack", marks=pytest.mark.xdist_group("kafka"))], indirect=True)
@pytest.mark.parametrize("bug", ["", UNBOUND])
def test_records_that_no_relay_wrote_hold_up_nobody(
    road: Road, broker: Broker, bug: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Each among facts of other items, in the very tables of PostgreSQL."""
    caplog.set_level(logging.INFO, reader.__name__)
    consumer = road.consumer()
    with planted(*([(reader, "_word", taken_as_they_come)] if bug else [])):
        road.open(consumer)
        for number, each in enumerate(STRANGERS):
            send(broker, road.topic, [each])
            road.say(f"item-{number}", 1, 2)
        until(
            lambda: (
                len(road.effects(consumer)) == 2 * len(STRANGERS) or sum(map(STUCK.__contains__, caplog.messages)) > 3
            ),
            "all good facts took effect, or the reader meets the same record for ever",
        )
        delivered, parked = len(road.effects(consumer)), len(road.parked(consumer))

    kept = delivered == 2 * len(STRANGERS) and parked == len(STRANGERS)
    figures = f"strangers={len(STRANGERS)} parked={parked} delivered={delivered}/{2 * len(STRANGERS)}"
    name = f"strange records, planted: {bug}" if bug else "strange records hold up nobody"
    promise(6, road.variant, name, delivered < 2 * len(STRANGERS) if bug else kept, figures, SEED)
