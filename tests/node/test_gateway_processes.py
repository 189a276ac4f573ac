"""The gateway as processes of its own: several workers, one small database, no preloading."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.app import MIGRATIONS
from gateway.settings import Settings
from services.common import migrating
from services.common.database import Database
from services.node.web import bound
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateway_processes import OURS, environment, workers
from tests.gateways import Web, a_gateway
from tests.promises.overload import load
from tests.waiting import until

GUNICORN = ("-m", "gunicorn", "gateway.wsgi:app_from_environment()", "--workers", "2", "--threads", "4", "--bind")


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


@pytest.mark.parametrize("command", [OURS, GUNICORN, (*OURS, "waitress")], ids=["ours", "gunicorn", "waitress"])
def test_a_session_is_known_to_every_worker_and_its_end_too(web: Web, command: tuple[str, ...]) -> None:
    ann = web.signed_in(1, "Ann Example")

    with workers(web.settings, *command) as browser:
        browser.http.cookies.update(ann.http.cookies)
        # A connection each, so that both workers are asked.
        close = {"Connection": "close"}
        asked = [browser.get("/api/v1/me", headers=close).status_code for _ in range(30)]
        ann.send("/signout", "/about")

        assert asked == [200] * 30
        until(lambda: all_out(browser), "no worker remembers the session", 10)


def test_workers_refuse_what_has_stood_in_their_queues_and_answer_the_rest(web: Web) -> None:
    with workers(replace(web.settings, threads=4), *OURS) as browser:
        calm = load("closed", browser.url, "/about", 8, 2)
        rush = load("open", browser.url, "/about", 4 * len(calm) / 2, 3)
        until(lambda: browser.get("/about").status_code == 200, "all are let in again", 10)

    assert {each.status for each in calm} == {200}
    assert {(each.status, each.retry_after) for each in rush} == {(200, ""), (429, "2")}


def all_out(browser: Browser) -> bool:
    return {browser.get("/api/v1/me", headers={"Connection": "close"}).status_code for _ in range(10)} == {401}


def test_a_database_that_was_never_set_up_is_refused_with_a_sentence_and_then_set_up(tmp_path: Path) -> None:
    settings = Settings(database=f"sqlite:///{tmp_path / 'gateway.db'}", secret_key_file=tmp_path / "key")
    given = environment(settings)

    refused = subprocess.run([sys.executable, *OURS], env=given, capture_output=True, text=True, check=False)
    made = subprocess.run([sys.executable, *OURS, "--migrate"], env=given, check=False)

    assert refused.returncode == 1
    assert "is older than this software" in refused.stderr and "Traceback" not in refused.stderr
    assert made.returncode == 0
    db = Database(settings.database)
    migrating.check(db, MIGRATIONS)
    db.dispose()


def test_a_server_that_does_not_exist_is_refused_with_a_sentence(tmp_path: Path) -> None:
    given = environment(Settings(database=f"sqlite:///{tmp_path / 'gateway.db'}", server="apache"))
    subprocess.run([sys.executable, *OURS, "--migrate"], env=given, check=True)

    refused = subprocess.run([sys.executable, *OURS], env=given, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "it takes gunicorn or waitress" in refused.stderr


def test_a_second_gateway_on_one_address_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with bound("127.0.0.1", 0) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        given = environment(Settings(database=f"sqlite:///{tmp_path / 'gateway.db'}", listen=listen))
        subprocess.run([sys.executable, *OURS, "--migrate"], env=given, check=True)

        refused = subprocess.run([sys.executable, *OURS], env=given, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert f"{listen} cannot be listened on" in refused.stderr and "Traceback" not in refused.stderr
