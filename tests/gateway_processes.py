"""The gateway as processes of its own, as it is deployed."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import requests

from gateway.settings import Settings
from services.common.settings import environment_of, inherited_environment
from tests.browsing import Browser
from tests.ports import a_free_port
from tests.rules.tree import ROOT
from tests.waiting import until

OURS = ("-m", "gateway")


def environment(settings: Settings) -> dict[str, str]:
    paths = {"PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"}
    return {**inherited_environment(), **environment_of(settings, "fosse_gateway"), **paths}


@contextmanager
def workers(settings: Settings, *command: str) -> Iterator[Browser]:
    """A browser of the processes' address."""
    with a_process(settings, *command) as (_, browser):
        yield browser


@contextmanager
def a_process(settings: Settings, *command: str) -> Iterator[tuple[int, Browser]]:
    """Its id, and a browser of its address; it must end by itself when it is told."""
    listen = f"127.0.0.1:{a_free_port()}"
    given = environment(replace(settings, listen=listen, server="waitress" if "waitress" in command else "gunicorn"))
    arguments = [each for each in command if each != "waitress"]
    told = [*arguments, listen, "--no-control-socket"] if arguments[-1] == "--bind" else arguments
    process = subprocess.Popen([sys.executable, *told], env=given, stderr=subprocess.DEVNULL)
    with Browser(f"http://{listen}") as browser:
        try:
            until(lambda: _answers(browser), "the workers answer")
            yield process.pid, browser
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) in {0, -signal.SIGTERM}


def _answers(browser: Browser) -> bool:
    try:
        return browser.get("/health").status_code == 200
    except requests.ConnectionError:
        return False
