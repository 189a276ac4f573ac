"""How fast facts travel through Kafka between PostgreSQL databases: to the broker, to their effects, and one alone."""

import time
from collections.abc import Iterator

from sqlalchemy import Connection, func, select
from testcontainers.community.postgres import PostgresContainer

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.bus import Message
from services.common.clock import utc_now
from services.common.ids import new_id
from services.common.kafka import KafkaBus
from tests import machine
from tests.bench import buses
from tests.bench.figures import Figure, p95
from tests.broker import Broker
from tests.containers.road import ADOPTED, Road, roads
from tests.databases import PostgresDatabases
from tests.waiting import until

AREA = "stack"
NAMES = ("fact-lag", "relay", "effects")
_ALONE, _PAUSE_S = 200, 0.05


def measure(wanted: str) -> Iterator[Figure]:
    with PostgresContainer(machine.POSTGRES_IMAGE, driver=None) as server, Broker() as broker:
        yield from _of_the_road(PostgresDatabases(buses.direct(server)), broker.address, wanted)


def _of_the_road(databases: PostgresDatabases, broker: str, wanted: str) -> Iterator[Figure]:
    if wanted != "fact-lag":
        rates = []
        for _ in range(buses.RUNS):
            with roads(databases, lambda: KafkaBus(broker, utc_now, partitions=3)) as road:
                rates.append((_relayed(road), _took_effect(road)))
        relayed, took_effect = zip(*rates, strict=True)
        note = "in batches, from the first to the last, with all facts at the broker"
        figures = [
            Figure(AREA, "relay", relayed, "messages/s", 2000, most=False, note="nobody listening"),
            Figure(AREA, "effects", took_effect, "effects/s", 2000, most=False, note=note),
        ]
        yield from (each for each in figures if wanted in ("", each.name))
    if wanted in ("", "fact-lag"):
        with roads(databases, lambda: KafkaBus(broker, utc_now, partitions=3)) as road:
            lags = [each * 1000 for each in _one_by_one(road)]
        note = f"p95 of {_ALONE} facts, one each {_PAUSE_S * 1000:.0f} ms"
        yield Figure(AREA, "fact-lag", [p95(lags)], "ms", 150, most=True, note=note)


def _relayed(road: Road) -> float:
    buses.fill(road)
    began = time.monotonic()
    road.open()
    until(lambda: _unsent(road) == 0, "all facts are at the broker", 120)
    return buses.FACTS / (time.monotonic() - began)


def _took_effect(road: Road) -> float:
    """By one listener that joins now; joining is not counted."""
    road.close()
    road.open(road.consumer())
    until(lambda: buses.effects_of(road), "the first effects", 60)
    before, began = buses.effects_of(road), time.monotonic()
    until(lambda: buses.effects_of(road) == buses.FACTS, "all effects", 120)
    return (buses.FACTS - before) / (time.monotonic() - began)


def _unsent(road: Road) -> int:
    with road.source.read() as conn:
        return conn.scalar(select(func.count()).where(facts.facts.c.sent_to.is_(None))) or 0


def _one_by_one(road: Road) -> list[float]:
    """Seconds from just before a fact's transaction until its effect is being written."""
    said: dict[str, float] = {}
    heard: dict[str, float] = {}

    def take(conn: Connection, message: Message) -> None:
        heard[message.key] = time.monotonic()

    road.open(road.consumer(handlers={ADOPTED: take}))
    # The first one finds the topic made and everybody's place in it known.
    for number in range(_ALONE + 1):
        key = new_id()
        said[key] = time.monotonic()
        with road.source.write() as conn:
            facts.put(conn, ResourceAdopted(adoption_id=key, version=number, stage="adopted"), key, utc_now())
        if not number:
            until(lambda: len(heard) == 1, "the first effect", 60)
        time.sleep(_PAUSE_S)
    until(lambda: len(heard) == len(said), "all effects", 60)
    return [heard[key] - began for key, began in said.items()][1:]
