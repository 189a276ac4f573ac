"""Promise 11: a PostgreSQL that falls silent holds nobody for longer than it takes to say so."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests
from testcontainers.community.postgres import PostgresContainer

from services.common import postgres
from tests.browsing import Browser
from tests.databases import PostgresDatabases
from tests.gateways import Web, a_gateway
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.standing import paused
from tests.waiting import until

SEED = 11
# As many as the gateway of tests has threads: who asks is not waiting for somebody else.
AT_ONCE, ROUNDS = 4, 2
# What a connection in use may take, and then a new one, each time; and what a busy machine adds.
LONGEST_S, PATIENT_S = 8 + 3 + 4, 20
pytestmark = [pytest.mark.xdist_group("outages"), pytest.mark.timeout(180)]


@pytest.fixture
def web(own_postgres: PostgresContainer, tmp_path: Path) -> Iterator[Web]:
    with a_gateway(tmp_path, PostgresDatabases(own_postgres.get_connection_url(host="127.0.0.1"))) as made:
        yield made


def begun(browser: Browser, token: str) -> int:
    """How beginning to sign in, which the gateway notes, was answered; 0: not at all."""
    sent = {"csrf_token": token, "next": "/"}
    try:
        answer = browser.http.post(f"{browser.url}/signin", sent, allow_redirects=False, timeout=PATIENT_S)
        return answer.status_code
    except requests.Timeout:
        return 0


def at_once(web: Web) -> list[int]:
    browsers = [web.fresh() for _ in range(AT_ONCE)]
    tokens = [each.form_token("/signin") for each in browsers]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(begun, browsers, tokens))


def test_a_database_that_stalls_leaves_nobody_waiting_on_the_stack(web: Web, own_postgres: PostgresContainer) -> None:
    before = at_once(web)
    with paused(own_postgres):
        since = time.monotonic()
        told = [each for _ in range(ROUNDS) for each in at_once(web)]
        took = time.monotonic() - since
    until(lambda: at_once(web) == [303] * AT_ONCE, "people sign in again, and nobody did anything")

    with planted((postgres.Connection, "wait", psycopg.Connection.wait)), paused(own_postgres):
        caught = at_once(web).count(0)

    figures = f"asked={len(told)} told_so={told.count(503)} all_in_s={took:.1f} planted[waits for ever]={caught}"
    ok = before == [303] * AT_ONCE and set(told) == {503} and took < LONGEST_S and caught > 0
    promise(11, "stack", "a database that stalls", ok, figures, SEED)
