"""PostgreSQL's disk is full, or Kafka's: nothing confirmed is lost, and with room again all goes on."""

from collections.abc import Iterator
from itertools import count

import docker
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import TooMany
from services.common.ids import new_id
from services.common.kafka import KafkaBus
from tests import machine
from tests.broker import Broker
from tests.containers.load import Load, changes, make
from tests.containers.road import roads
from tests.databases import PostgresDatabases, open_database
from tests.ports import a_free_port
from tests.waiting import until

FOLDER = "/var/lib/postgresql/data"
KAFKAS_FOLDER = "/var/lib/kafka/data"
FILLER = f"{FOLDER}/filler"
# An empty PostgreSQL takes a quarter of it.
MIB = 160
# The engine waits longer each time before it starts anew what ended.
BACK_WITHIN_S = 120
pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(300)]


@pytest.fixture
def volume() -> Iterator[str]:
    machine.need_containers(machine.POSTGRES_IMAGE)
    engine = docker.from_env(timeout=machine.PATIENT["timeout"])
    options = {"type": "tmpfs", "device": "tmpfs", "o": f"size={MIB}m"}
    made = engine.volumes.create(f"fosse-tested-{new_id()[:8]}", driver="local", driver_opts=options)
    yield str(made.name)
    made.remove()
    engine.close()


@pytest.fixture
def disk(volume: str) -> Iterator[DockerContainer]:
    """Somebody else on it, who keeps it there while the server is not."""
    other = DockerContainer(machine.POSTGRES_IMAGE, docker_client_kw=machine.PATIENT)
    with other.with_volume_mapping(volume, FOLDER, "rw").with_kwargs(entrypoint=["sleep", "600"]) as running:
        yield running


@pytest.fixture
def db(volume: str, disk: DockerContainer) -> Iterator[Database]:
    """Its server is started anew when it ends, as the county's compose file says."""
    server = PostgresContainer(machine.POSTGRES_IMAGE, driver=None, docker_client_kw=machine.PATIENT)
    small = server.with_volume_mapping(volume, FOLDER, "rw").with_kwargs(restart_policy={"Name": "always"})
    with small.with_bind_ports(5432, a_free_port()) as running:
        database = open_database(PostgresDatabases(running.get_connection_url()), "events")
        yield database
        database.dispose()


@pytest.mark.parametrize("ends", [False, True], ids=["it-runs", "it-ends"])
def test_a_full_disk_refuses_changes_loses_none_and_needs_nothing_but_room(
    db: Database, disk: DockerContainer, ends: bool
) -> None:
    load, numbers = Load(db, db), count(1)
    until(lambda: _confirmed(load, next(numbers)) >= 50, "changes are confirmed")

    _fill(disk)
    until(lambda: "disk of this node is full" in _refusal(db, next(numbers)), "somebody reads what is wrong", 60)
    assert load.confirmed <= load.made(), "what is there can be read meanwhile"
    if ends:
        until(lambda: _has_ended(db), "the server has no room for its log and ends", 60)
    before = len(load.confirmed)
    disk.exec(["rm", FILLER])
    until(lambda: _confirmed(load, next(numbers)) >= before + 50, "changes are confirmed again", BACK_WITHIN_S)

    assert load.confirmed <= load.made()


def test_a_full_disk_of_kafka_holds_facts_back_and_loses_none(
    postgres_databases: PostgresDatabases, volume: str, disk: DockerContainer
) -> None:
    broker = Broker().with_volume_mapping(volume, KAFKAS_FOLDER, "rw").with_kwargs(restart_policy={"Name": "always"})
    with (
        broker.with_env("KAFKA_LOG_DIRS", KAFKAS_FOLDER).with_bind_ports(29092, a_free_port()),
        roads(postgres_databases, lambda: KafkaBus(broker.address, utc_now, partitions=3)) as road,
    ):
        load, consumer = Load(road.source, road.sink), road.consumer()
        bus = road.open(consumer)
        with load.going():
            until(lambda: len(load.took_effect(consumer.name)) >= 50, "facts take effect")
            _fill(disk)
            until(lambda: bus.waiting(road.topic).unsent > 100, "facts wait for Kafka", 60)
            disk.exec(["rm", FILLER])
            # A broker may have ended, or run on and refuse: the guide says to start it anew.
            broker.get_wrapped_container().restart(timeout=10)
        load.settle(consumer.name, within_s=BACK_WITHIN_S)

    assert not (found := load.difference(consumer.name)), found


def _fill(disk: DockerContainer) -> None:
    disk.exec(["sh", "-c", f"cat /dev/zero >{FILLER} 2>/dev/null || true"])


def _confirmed(load: Load, number: int) -> int:
    if make(load.source, number):
        load.confirmed.add(number)
    return len(load.confirmed)


def _refusal(db: Database, number: int) -> str:
    try:
        with db.write() as conn:
            conn.execute(insert(changes).values([{"number": -1000 * number - each} for each in range(1000)]))
    except TooMany as refused:
        return str(refused)
    except DBAPIError:
        # It ended, and is being started anew.
        return ""
    return ""


def _has_ended(db: Database) -> bool:
    """Each look begins a new file of its log."""
    try:
        with db.read() as conn:
            conn.execute(text("select pg_logical_emit_message(false, 'a test', 'writes this'), pg_switch_wal()"))
    except TooMany:
        return False
    except DBAPIError:
        return True
    return False
