"""PostgreSQL's disk is full: nothing that was confirmed is lost, and once there is room all goes on by itself."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert
from testcontainers.community.postgres import PostgresContainer

from services.common.database import Database, DiskFull
from tests import machine
from tests.containers.load import Load, changes, make
from tests.databases import PostgresDatabases, open_database
from tests.ports import a_free_port
from tests.waiting import until

FOLDER = "/var/lib/postgresql/data"
FILLER = f"{FOLDER}/filler"
# An empty server takes half of it.
MIB = 160
pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(180)]


@pytest.fixture
def server() -> Iterator[PostgresContainer]:
    """Started anew when it ends, as the county's compose file says."""
    machine.need_containers(machine.POSTGRES_IMAGE)
    server = PostgresContainer(machine.POSTGRES_IMAGE, driver=None, docker_client_kw=machine.PATIENT)
    small = server.with_tmpfs_mount(FOLDER, f"size={MIB}m").with_kwargs(restart_policy={"Name": "always"})
    with small.with_bind_ports(5432, a_free_port()) as running:
        yield running


@pytest.fixture
def db(server: PostgresContainer) -> Iterator[Database]:
    database = open_database(PostgresDatabases(server.get_connection_url()), "events")
    yield database
    database.dispose()


def fill(server: PostgresContainer) -> None:
    """To the last byte, while it runs."""
    server.exec(["sh", "-c", f"dd if=/dev/zero of={FILLER} bs=64k 2>/dev/null || true"])


def test_a_full_disk_refuses_changes_loses_none_and_needs_nothing_but_room(
    server: PostgresContainer, db: Database
) -> None:
    load = Load(db, db)
    numbers = iter(range(1, 10**9))
    until(lambda: _confirmed(load, next(numbers)) >= 50, "changes are confirmed")

    fill(server)
    until(lambda: "disk of this node is full" in _refusal(db, next(numbers)), "somebody reads what is wrong", 60)
    assert load.confirmed <= load.made(), "what is there can be read meanwhile"
    before = len(load.confirmed)
    server.exec(["rm", FILLER])
    until(lambda: _confirmed(load, next(numbers)) >= before + 50, "changes are confirmed again", 60)

    assert load.confirmed <= load.made()


def _confirmed(load: Load, number: int) -> int:
    if make(load.source, number):
        load.confirmed.add(number)
    return len(load.confirmed)


def _refusal(db: Database, number: int) -> str:
    try:
        with db.write() as conn:
            conn.execute(insert(changes).values([{"number": -1000 * number - each} for each in range(1000)]))
    except DiskFull as full:
        return str(full)
    return ""
