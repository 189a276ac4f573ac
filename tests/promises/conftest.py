"""Roads for facts, as in the contract of the bus: one embedded, one on the real stack."""

from collections.abc import Iterator

import pytest

from services.common.clock import utc_now
from services.common.kafka import KafkaBus
from services.common.local_bus import LocalBus
from tests.containers.road import Bus, Road, roads


@pytest.fixture(params=["embedded", pytest.param("stack", marks=pytest.mark.xdist_group("kafka"))])
def road(request: pytest.FixtureRequest) -> Iterator[Road]:
    """`road.variant` is embedded (SQLite, LocalBus) or stack (PostgreSQL, Kafka)."""
    stack = request.param == "stack"
    databases = request.getfixturevalue("postgres_databases" if stack else "sqlite_databases")

    def new_bus() -> Bus:
        if stack:
            return KafkaBus(request.getfixturevalue("broker").address, utc_now, partitions=3)
        return LocalBus(utc_now)

    with roads(databases, new_bus, request.param) as made:
        yield made
