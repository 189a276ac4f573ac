"""Promise 12: a node that is told to end answers everybody who had asked; nobody sees a broken page."""

import os
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from services.node.demo.region import RunningNode, free_ports
from services.node.web import WebServer
from tests.databases import PostgresDatabases
from tests.gateway_processes import OURS, a_process
from tests.gateways import Web, a_gateway
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.running_nodes import NOTTS
from tests.whole_nodes import a_whole_node

SEED = 12
IN_FLIGHT = 200
CARELESS = ("-m", "tests.promises.careless_gateway")


def asked(address: str) -> list[HTTPConnection]:
    """So many browsers that have each asked for a page and not read the answer yet."""
    host = urlsplit(address).netloc
    browsers = [HTTPConnection(host, timeout=20) for _ in range(IN_FLIGHT)]
    for browser in browsers:
        browser.request("GET", "/shelf?q=falls", headers={"Connection": "close"})
    return browsers


def answered(browsers: Sequence[HTTPConnection]) -> list[int]:
    """With which status each; 0: with none, or with half a page."""
    return [_answer(browser) for browser in browsers]


def _answer(browser: HTTPConnection) -> int:
    try:
        with browser.getresponse() as answer:
            return answer.status if b"</html>" in answer.read() else 0
    except (OSError, HTTPException):
        return 0
    finally:
        browser.close()


def without_a_page(statuses: Sequence[int]) -> int:
    return sum(status != 200 for status in statuses)


def cut_off(server: WebServer, within_s: float = 0.0) -> None:
    """A server that ends at once, whoever waits."""
    server._drain_until = time.monotonic()
    server._server.pull_trigger()
    server._thread.join(10)


def cut_off_by_a_careless_node(folder: Path) -> int:
    with planted((WebServer, "stop", cut_off)), ExitStack() as stack:
        node = stack.enter_context(a_whole_node(folder))
        browsers = asked(node.url)
        stack.close()
        return answered(browsers).count(0)


@pytest.mark.timeout(120)
def test_everybody_who_had_asked_is_answered_when_a_node_is_told_to_end(tmp_path: Path) -> None:
    node = RunningNode(NOTTS, tmp_path / "node", free_ports())
    node.start()
    node.wait_until_ready()

    browsers = asked(node.address)
    node.ask_to_stop()
    failed = without_a_page(answered(browsers))
    ended = node.wait_until_stopped()

    caught = cut_off_by_a_careless_node(tmp_path / "careless")
    figures = f"in_flight={IN_FLIGHT} failed={failed} exit={ended} planted[no draining]={caught}"
    promise(12, "embedded", "told to end with many in flight", failed == ended == 0 and caught > 0, figures, SEED)


def told_to_end(web: Web, command: Sequence[str]) -> list[int]:
    """How workers that are told to end while so many wait answer them."""
    with a_process(web.settings, *command) as (gateway, browser):
        browsers = asked(browser.url)
        os.kill(gateway, signal.SIGTERM)
        return answered(browsers)


@pytest.mark.xdist_group("postgres")
@pytest.mark.timeout(120)
def test_everybody_who_had_asked_is_answered_when_workers_on_the_stack_are_told_to_end(
    tmp_path: Path, postgres_databases: PostgresDatabases
) -> None:
    with a_gateway(tmp_path, postgres_databases) as web:
        failed, caught = without_a_page(told_to_end(web, OURS)), told_to_end(web, CARELESS).count(0)

    figures = f"in_flight={IN_FLIGHT} failed={failed} planted[gunicorn's own way to end]={caught}"
    promise(12, "stack", "told to end with many in flight", failed == 0 and caught > 0, figures, SEED)
