"""PROMISE 5: Kafka's volume is deleted under load; it is refilled from the databases, each effect once, by itself."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import pytest
from sqlalchemy import Connection, select

from services.common import facts, seen
from services.common.bus import Message
from services.common.clock import utc_now
from services.common.facts import Fact, Place
from services.common.kafka import KafkaBus
from services.common.rpc_errors import Away
from tests.broker import Broker
from tests.containers.load import Load
from tests.containers.road import ADOPTED, Road, roads, take_effect
from tests.databases import PostgresDatabases
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

SEED = 5
LOSSES, WRITES = (5, 10_000) if FULL else (2, 600)
pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.timeout(1800 if FULL else 300)]
NO_REFILL, NO_DEDUPE = "what was marked sent is not sent again", "no dedupe"


@pytest.fixture
def road(postgres_databases: PostgresDatabases, own_broker: Broker) -> Iterator[Road]:
    with roads(postgres_databases, lambda: KafkaBus(own_broker.address, utc_now, partitions=3), "stack") as made:
        yield made


class Held:
    """Asks another service before each batch, which answers only when it is told to."""

    def __init__(self) -> None:
        self.back = False

    def prepare(self, messages: Sequence[Message]) -> None:
        if not self.back:
            raise Away("the other service does not answer")


def lose_volume(load: Load, broker: Broker, held: Held, quick: str) -> None:
    """With facts that one listener heard, and another did not, and that are marked as sent."""
    held.back = False
    before = len(load.took_effect(quick))
    until(lambda: len(load.took_effect(quick)) >= before + WRITES // LOSSES, "facts took effect", within_s=120)
    with broker.without_its_volume():
        so_far = len(load.confirmed)
        until(lambda: len(load.confirmed) > so_far + 20, "facts are said while Kafka is away")
    held.back = True


def mistake(bug: str) -> AbstractContextManager[None]:
    def only_never_sent(conn: Connection, topic_id: str, limit: int) -> list[Fact]:
        found = facts.facts.c.sent_to.is_(None)
        rows = conn.execute(select(facts.facts).where(found).order_by(facts.facts.c.id).limit(limit))
        return [Fact(Place(r.tx, r.id), r.message_id, r.kind, r.key, r.body, r.happened_at) for r in rows]

    if bug == NO_REFILL:
        return planted((facts, "unsent", only_never_sent))
    if bug == NO_DEDUPE:
        return planted((seen, "unseen", lambda conn, consumer, ids: set(ids)), (seen, "note", lambda *given: None))
    return nullcontext()


@pytest.mark.parametrize("bug", ["", NO_REFILL, NO_DEDUPE])
def test_a_kafka_that_lost_everything_is_refilled_and_each_effect_comes_once(
    road: Road, own_broker: Broker, bug: str
) -> None:
    load, held = Load(road.source, road.sink), Held()
    quick, behind = road.consumer(), road.consumer()
    behind = replace(behind, handlers={ADOPTED: lambda conn, message, _: take_effect(behind.name)(conn, message)},
                     prepare=held.prepare)  # fmt: skip

    with mistake(bug):
        bus = road.open(quick, behind)
        with load.going():
            for _ in range(1 if bug else LOSSES):
                lose_volume(load, own_broker, held, quick.name)
        load.settle(quick.name, behind.name)
        if not bug:
            names = {quick.name, behind.name}
            until(lambda: not any(each.messages or each.oldest for each in bus.lags(names)), "nobody is behind")
            until(lambda: bus.waiting(road.topic).unsent == 0, "nothing waits to be sent")
    found = {each.name: load.difference(each.name) for each in (quick, behind)}

    lost, doubled = (sum(getattr(each, what) for each in found.values()) for what in ("lost", "doubled"))
    unordered = sum(each.out_of_order for each in found.values())
    figures = f"losses={1 if bug else LOSSES} writes={len(load.confirmed)} lost={lost} doubled={doubled}"
    kept = {"": not (lost or doubled or unordered), NO_REFILL: lost > 0, NO_DEDUPE: doubled > 0}[bug]
    name = f"Kafka refilled, planted: {bug}" if bug else "Kafka's volume deleted under load"
    promise(5, "stack", name, kept, f"{figures} out_of_order={unordered}", SEED)
