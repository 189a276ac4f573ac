"""Kafka or PostgreSQL goes away under load, in every way: nothing is lost, nothing doubled, and nobody is needed."""

import logging
import threading
import time
from collections.abc import Iterator

import pytest
from testcontainers.community.postgres import PostgresContainer

from services.common.clock import utc_now
from services.common.kafka import KafkaBus
from tests.broker import Broker
from tests.containers.load import Load
from tests.containers.road import Road, roads
from tests.databases import PostgresDatabases
from tests.machine import FULL
from tests.standing import WAYS, Away
from tests.waiting import until

# Longer than a reader's session with Kafka, so that its group has given it up meanwhile.
OUTAGE_S = 60.0 if FULL else 7.0
BACK_WITHIN_S = 30.0
pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def own_databases(own_postgres: PostgresContainer) -> PostgresDatabases:
    return PostgresDatabases(own_postgres.get_connection_url())


@pytest.fixture
def road(own_databases: PostgresDatabases, own_broker: Broker) -> Iterator[Road]:
    with roads(own_databases, lambda: KafkaBus(own_broker.address, utc_now, partitions=3)) as made:
        yield made


def lasts(seconds: float) -> None:
    threading.Event().wait(seconds)


@pytest.mark.parametrize("way", WAYS.values(), ids=[name.replace(" ", "-") for name in WAYS])
@pytest.mark.parametrize("which", ["kafka", "postgres"])
def test_an_outage_under_load_loses_nothing_doubles_nothing_and_needs_nobody(
    road: Road,
    own_broker: Broker,
    own_postgres: PostgresContainer,
    which: str,
    way: Away,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    load, consumer = Load(road.source, road.sink, pause_s=0.01), road.consumer()
    road.open(consumer)

    with load.going():
        until(lambda: len(load.took_effect(consumer.name)) >= 20, "facts take effect")
        with way(own_broker if which == "kafka" else own_postgres):
            caplog.clear()
            busy, threads = time.process_time(), threading.active_count()
            lasts(OUTAGE_S)
            busy, threads = time.process_time() - busy, threading.active_count() - threads
            tries = sum(message in {"bus waits", "relay waits", "loop step failed"} for message in caplog.messages)
        back, said = time.monotonic(), len(load.confirmed)
        until(lambda: len(load.confirmed) > said + 20, "changes are made again")
    load.settle(consumer.name)
    took = time.monotonic() - back

    print(
        f"{which} busy={busy:.1f} s threads={threads:+d} tries={tries} back={took:.1f} s writes={len(load.confirmed)}"
    )
    assert not (found := load.difference(consumer.name)), found
    assert took < BACK_WITHIN_S
    # How busy it was is only told: kafka-python's own threads take up to half a core while a broker is frozen.
    assert tries < OUTAGE_S * 5, "no loop of ours spins while it waits"
    assert threads <= 1
    assert road.parked(consumer) == []
