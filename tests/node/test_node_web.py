"""The embedded node's web server answers what was asked before it ends, and names a port that is taken."""

import socket
import threading
import urllib.request
from http.client import HTTPConnection
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
    server = WebServer(slow, taken, threads=2, largest_body=1000)
    server.start()
    answers: list[bytes] = []

    def read(asked: HTTPConnection) -> None:
        answers.append(asked.getresponse().read())
        asked.close()

    host, port = taken.getsockname()[:2]
    asking = [HTTPConnection(host, port, timeout=10) for _ in range(6)]
    for each in asking:
        each.request("GET", "/")
    readers = [threading.Thread(target=read, args=(each,)) for each in asking]
    for reader in readers:
        reader.start()
    # Two are being answered; four wait in the queue or have only just connected.
    assert arrived.acquire(timeout=5) and arrived.acquire(timeout=5)
    stopping = threading.Thread(target=server.stop)
    stopping.start()
    go_on.set()
    for each_thread in [*readers, stopping]:
        each_thread.join(10)

    assert answers == [b"done"] * 6


def test_people_who_read_a_large_file_slowly_keep_nobody_else_waiting() -> None:
    piece, read = b"x" * 1024 * 1024, threading.Semaphore(0)

    def pages(environ: "WSGIEnvironment", start: "StartResponse") -> "Iterable[bytes]":
        large = environ["PATH_INFO"] == "/film"
        start("200 OK", [("Content-Length", str(len(piece) * 40 if large else 2))])
        if large:
            read.release()
            return (piece for _ in range(40))
        return [b"ok"]

    taken = bound("127.0.0.1", 0)
    server = WebServer(pages, taken, threads=2, largest_body=1000)
    server.start()
    slow = [socket.create_connection(taken.getsockname()[:2]) for _ in range(4)]
    try:
        for each in slow:
            each.sendall(b"GET /film HTTP/1.1\r\nHost: here\r\n\r\n")
        assert read.acquire(timeout=10) and read.acquire(timeout=10)

        with urllib.request.urlopen(f"http://127.0.0.1:{taken.getsockname()[1]}/", timeout=10) as answer:
            assert answer.read() == b"ok"
    finally:
        for each in slow:
            each.close()
        server.stop()
