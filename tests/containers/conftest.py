"""The three roads that keep one contract: LocalBus on SQLite and on PostgreSQL, KafkaBus on PostgreSQL."""

from collections.abc import Iterator

import pytest

from services.common.clock import utc_now
from services.common.kafka import KafkaBus
from services.common.local_bus import LocalBus
from tests.containers.road import Bus, Road, roads

ROADS = ["local-sqlite", "local-postgres", "kafka-postgres"]


@pytest.fixture(params=[pytest.param(road, marks=pytest.mark.xdist_group(road.split("-")[0])) for road in ROADS])
def road(request: pytest.FixtureRequest) -> Iterator[Road]:
    carrier, engine = request.param.split("-")
    databases = request.getfixturevalue(f"{engine}_databases")

    def new_bus() -> Bus:
        if carrier == "local":
            return LocalBus(utc_now)
        return KafkaBus(request.getfixturevalue("broker").address, utc_now, partitions=3)

    with roads(databases, new_bus) as made:
        yield made
