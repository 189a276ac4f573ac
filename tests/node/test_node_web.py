"""The embedded node's web server answers what was asked before it ends, and names a port that is taken."""

import threading
import urllib.request
from typing import TYPE_CHECKING

import pytest

from services.common.errors import Conflict
from services.node.web import WebServer, bound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with bound("127.0.0.1", 0) as taken, pytest.raises(Conflict) as refused:
        bound("127.0.0.1", taken.getsockname()[1])

    assert str(taken) is not None
    assert "--port" in refused.value.sentence and "in use" in refused.value.sentence


def test_every_request_under_way_is_answered_when_the_node_is_stopped() -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    def slow(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterable[bytes]":
        arrived.release()
        go_on.wait(10)
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    taken = bound("127.0.0.1", 0)
    address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
    server = WebServer(slow, taken, threads=2, largest_body=1000)
    server.start()
    answers: list[bytes] = []

    def ask() -> None:
        with urllib.request.urlopen(address, timeout=10) as answer:
            answers.append(answer.read())

    askers = [threading.Thread(target=ask) for _ in range(6)]
    for asker in askers:
        asker.start()
    # Two are being answered; four wait in the queue or have only just connected.
    assert arrived.acquire(timeout=5) and arrived.acquire(timeout=5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    go_on.set()
    for each in [*askers, stopping]:
        each.join(10)

    assert answers == [b"done"] * 6
