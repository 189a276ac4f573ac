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
from tests.databases import SqliteDatabases
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


def answered(browsers: Sequence[HTTPConnection]) -> int:
    """How many get their page, whole."""
    return sum(_whole(browser) for browser in browsers)


def _whole(browser: HTTPConnection) -> bool:
    try:
        with browser.getresponse() as answer:
            return answer.status == 200 and b"</html>" in answer.read()
    except (OSError, HTTPException):
        return False
    finally:
        browser.close()


def cut_off(server: WebServer, within_s: float = 0.0) -> None:
    """A server that ends at once, whoever waits."""
    server._drain_until = time.monotonic()
    server._server.pull_trigger()
    server._thread.join(10)


def served_by_a_careless_node(folder: Path) -> int:
    with planted((WebServer, "stop", cut_off)), ExitStack() as stack:
        node = stack.enter_context(a_whole_node(folder))
        browsers = asked(node.url)
        stack.close()
        return answered(browsers)


@pytest.mark.timeout(120)
def test_everybody_who_had_asked_is_answered_when_a_node_is_told_to_end(tmp_path: Path) -> None:
    node = RunningNode(NOTTS, tmp_path / "node", free_ports())
    node.start()
    node.wait_until_ready()

    browsers = asked(node.address)
    node.ask_to_stop()
    failed = IN_FLIGHT - answered(browsers)
    ended = node.wait_until_stopped()

    caught = IN_FLIGHT - served_by_a_careless_node(tmp_path / "careless")
    figures = f"in_flight={IN_FLIGHT} failed={failed} exit={ended} planted[no draining]={caught}"
    promise(12, "embedded", "told to end with many in flight", failed == ended == 0 and caught > 0, figures, SEED)


def turned_away(web: Web, command: Sequence[str]) -> int:
    """By workers that are told to end while so many wait."""
    with a_process(web.settings, *command) as (gateway, browser):
        browsers = asked(browser.url)
        os.kill(gateway, signal.SIGTERM)
        return IN_FLIGHT - answered(browsers)


@pytest.mark.timeout(120)
def test_everybody_who_had_asked_is_answered_when_the_workers_are_told_to_end(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with a_gateway(tmp_path, sqlite_databases) as web:
        failed, caught = turned_away(web, OURS), turned_away(web, CARELESS)

    figures = f"in_flight={IN_FLIGHT} failed={failed} planted[gunicorn's own way to end]={caught}"
    promise(12, "stack", "told to end with many in flight", failed == 0 and caught > 0, figures, SEED)
