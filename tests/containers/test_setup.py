"""The set-up of a deployed node: run as often as one likes, killed where one likes, and each process has its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from testcontainers.community.postgres import PostgresContainer

from services.common.errors import Conflict, Invalid
from services.node.setup import databases, secrets
from services.node.setup.secrets import DATABASES, WORKLOADS
from tests import machine
from tests.waiting import until

NOW = datetime.now(UTC)
HOST = "127.0.0.1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    secrets.lay_out(tmp_path, "notts", NOW)
    return tmp_path


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server of its own, whose superuser has the password of these secrets."""
    machine.need_containers(machine.POSTGRES_IMAGE)
    password = (folder / "postgres" / "superuser-password").read_text()
    with PostgresContainer(
        machine.POSTGRES_IMAGE, driver=None, username="postgres", password=password, docker_client_kw=machine.PATIENT
    ) as made:
        monkeypatch.setenv("PGPORT", str(make_url(made.get_connection_url()).port))
        yield


def test_secrets_are_made_once_and_a_lost_one_is_made_again(folder: Path) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert secrets.lay_out(folder, "notts", NOW) == []
    (folder / "events" / "pgpass").unlink()
    (folder / "gateway" / "client-secret").unlink()

    assert secrets.lay_out(folder, "notts", NOW) == ["database password of events", "client-secret"]
    after = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    changed = {path.relative_to(folder).as_posix() for path in before if before[path] != after[path]}
    # What two have to know is taken from the one that still has it.
    assert changed == {"events/pgpass"}


def test_no_two_secrets_are_alike_and_all_are_private(folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert {each.stat().st_mode & 0o777 for each in folder.iterdir()} == {0o700}
    words = [secrets.password_of(folder, name) for name in DATABASES]
    assert len(set(words)) == len(DATABASES) and min(map(len, words)) >= 64
    assert sorted(each.name for each in folder.iterdir()) == sorted({*WORKLOADS, "authority", "postgres"})


def test_databases_are_made_and_may_be_made_again(folder: Path, server: None) -> None:
    made = databases.prepare(folder, HOST)
    assert [line for line in made if line.startswith("database")] == [f"database {name}" for name in DATABASES]
    assert databases.prepare(folder, HOST) == []

    for name in DATABASES:
        own = secrets.password_of(folder, name)
        psycopg.connect(host=HOST, user=name, dbname=name, password=own).close()
        other = DATABASES[DATABASES.index(name) - 1]
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(host=HOST, user=name, dbname=other, password=own)


def test_no_process_gets_into_the_servers_own_databases_or_takes_all_connections(folder: Path, server: None) -> None:
    databases.prepare(folder, HOST)
    own = secrets.password_of(folder, "events")

    for shut in ("postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(host=HOST, user="events", dbname=shut, password=own)
    with ExitStack() as held:
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            for _ in range(100):
                held.enter_context(psycopg.connect(host=HOST, user="events", dbname="events", password=own))
        other = secrets.password_of(folder, "membership")
        psycopg.connect(host=HOST, user="membership", dbname="membership", password=other).close()


def test_what_a_killed_set_up_left_undone_the_next_one_does(folder: Path, server: None) -> None:
    command = [sys.executable, "-m", "services.node", "setup", "databases", "--folder", str(folder), "--host", HOST]
    running = subprocess.Popen(command, env=machine.environment(), stdout=subprocess.DEVNULL)
    until(lambda: len(_there(folder)) >= 3, "some databases are made")
    running.kill()
    running.wait()

    databases.prepare(folder, HOST)
    assert _there(folder) == set(DATABASES) and databases.prepare(folder, HOST) == []


def test_a_server_that_does_not_let_us_in_is_told_in_a_sentence(folder: Path, server: None) -> None:
    (folder / "postgres" / "superuser-password").write_text("another")

    with pytest.raises(Conflict, match="does not let us in"):
        databases.prepare(folder, HOST)


def test_another_node_does_not_take_these_secrets(folder: Path) -> None:
    with pytest.raises(Invalid, match="belong to another node than derbys: to notts"):
        secrets.lay_out(folder, "derbys", NOW)


@pytest.mark.parametrize("node", ["", "Notts County", "NOTTS", "a.b", "-x", "nötts", "n" * 41])
def test_a_short_name_that_no_hub_would_take_is_refused_before_anything_is_made(tmp_path: Path, node: str) -> None:
    with pytest.raises(Invalid, match="2 to 40 small letters"):
        secrets.lay_out(tmp_path, node, NOW)
    assert list(tmp_path.iterdir()) == []


def test_a_password_that_others_would_guess_is_refused_before_anything_starts(folder: Path) -> None:
    (folder / "events" / "pgpass").write_text("*:*:events:events:postgres\n")

    with pytest.raises(Invalid, match="events/pgpass is short or known from samples"):
        secrets.lay_out(folder, "notts", NOW)


def _there(folder: Path) -> set[str]:
    password = (folder / "postgres" / "superuser-password").read_text()
    with psycopg.connect(host=HOST, user="postgres", dbname="postgres", password=password) as conn:
        return {str(row[0]) for row in conn.execute("select datname from pg_database")} & set(DATABASES)
