"""Fixtures that tests of every part share: databases on both engines, a broker, a browser."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import NodeId
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, Error, sync_playwright
from testcontainers.community.postgres import PostgresContainer

from services.common.database import Database
from tests import machine
from tests.broker import Broker
from tests.databases import PostgresDatabases, SqliteDatabases, open_database
from tests.keycloak import Keycloak
from tests.keycloak import running as running_keycloak
from tests.rules.habits import telling_records
from tests.standing import a_broker, a_postgres

# How fast inputs are made and looked at says how busy the machine is, nothing of the product.
settings.register_profile("fosse", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("fosse")

MakeDatabase = Callable[[Path | str], Database]
CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL server with a superuser, for the whole run."""
    machine.need_containers(machine.POSTGRES_IMAGE)
    with PostgresContainer(machine.POSTGRES_IMAGE, driver=None, docker_client_kw=machine.PATIENT) as server:
        yield server.get_connection_url()


@pytest.fixture(scope="session")
def broker() -> Iterator[Broker]:
    """A Kafka broker, for the whole run."""
    machine.need_containers(machine.KAFKA_IMAGE)
    with Broker() as running:
        yield running


@pytest.fixture(scope="module")
def own_broker() -> Iterator[Broker]:
    """One that a test may stop, kill or cut off."""
    with a_broker() as running:
        yield running


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresContainer]:
    """As above."""
    with a_postgres() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_databases(postgres_url: str) -> PostgresDatabases:
    return PostgresDatabases(postgres_url)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("databases"))


@pytest.fixture(params=["sqlite", "postgres"])
def make_database(request: pytest.FixtureRequest) -> Iterator[MakeDatabase]:
    """`make_database("membership")`: a fresh migrated database; the test runs on SQLite and on PostgreSQL."""
    databases = request.getfixturevalue(f"{request.param}_databases")
    made: list[Database] = []

    def make(versions: Path | str) -> Database:
        made.append(open_database(databases, versions))
        return made[-1]

    yield make
    for database in made:
        database.dispose()


@pytest.fixture(scope="session")
def keycloak(postgres_databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """A node's Keycloak, for the whole run; each test brings its realm to what it needs."""
    with running_keycloak(postgres_databases.empty_url(), tmp_path_factory.mktemp("secrets")) as up:
        yield up


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=machine.chromium_path(), args=CHROMIUM_ARGUMENTS)
        except Error:
            machine.without("browser", "no Chromium starts; `make test` tries to get one")
        yield browser
        browser.close()


@pytest.fixture(autouse=True)
def logs_name_nobody(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a test makes the product do, its logs carry no address of a person."""
    yield
    assert telling_records(caplog.get_records("call")) == []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one `xdist_group` go to one worker: xdist 3.8 writes the group where pytest 9.2 no longer reads."""
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = NodeId.parse(grouped)


def pytest_unconfigure(config: pytest.Config) -> None:
    """The last line of a run says what this machine could not test."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or hasattr(config, "workerinput"):
        return
    reasons = {report.longrepr[2].removeprefix("Skipped: ") for report in reporter.stats.get("skipped", [])}
    lacking = sorted(reason for reason in reasons if reason.startswith("no "))
    if lacking:
        reporter.write_line(f"Not tested on this machine: {'; '.join(lacking)}.")
