"""How many effects a second each carrier brings about: facts in one database, a handler that writes in another."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.engine import make_url
from testcontainers.community.postgres import PostgresContainer

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.clock import utc_now
from services.common.ids import new_id
from services.common.kafka import KafkaBus
from services.common.local_bus import LocalBus
from tests import machine
from tests.broker import Broker
from tests.containers.road import Bus, Road, effects, roads
from tests.databases import Databases, PostgresDatabases, SqliteDatabases
from tests.waiting import until

FACTS = 10_000
RUNS = 3


def local(folder: Path) -> list[float]:
    """LocalBus with SQLite at both ends."""
    return list(_runs(SqliteDatabases(folder), lambda: LocalBus(utc_now)))


def kafka() -> list[float]:
    """Facts in PostgreSQL, through a real broker, to effects in PostgreSQL."""
    with PostgresContainer(machine.POSTGRES_IMAGE, driver=None) as server, Broker() as broker:
        databases = PostgresDatabases(direct(server))
        return list(_runs(databases, lambda: KafkaBus(broker.address, utc_now, partitions=3)))


def direct(server: PostgresContainer) -> str:
    """By the container's own address, as services of one network reach it: a published port has a proxy between."""
    container = server.get_wrapped_container()
    container.reload()
    [network] = container.attrs["NetworkSettings"]["Networks"].values()
    given = make_url(server.get_connection_url()).set(host=network["IPAddress"], port=5432)
    return given.render_as_string(hide_password=False)


def _runs(databases: Databases, new_bus: Callable[[], Bus]) -> Iterator[float]:
    for _ in range(RUNS):
        with roads(databases, new_bus) as road:
            yield _one(road)


def _one(road: Road) -> float:
    """From the start of the carrier, with all facts waiting, until the last has taken effect."""
    listener = road.consumer()
    fill(road)
    began = time.monotonic()
    road.open(listener)
    until(lambda: effects_of(road) >= FACTS, "all effects", 120)
    return FACTS / (time.monotonic() - began)


def fill(road: Road) -> None:
    """With facts of as many items."""
    with road.source.write(statement_timeout_s=60) as conn:
        for number in range(FACTS):
            fact = ResourceAdopted(adoption_id=new_id(), version=number, stage="adopted")
            facts.put(conn, fact, fact.adoption_id, utc_now())


def effects_of(road: Road) -> int:
    with road.sink.read() as conn:
        return conn.scalar(select(func.count()).select_from(effects)) or 0
