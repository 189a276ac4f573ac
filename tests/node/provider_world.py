"""A provider that says back what it was asked, and a gateway's pages in front of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from flask import Flask, Response
from flask.testing import FlaskClient

from gateway import limits, passing
from gateway.counters import Counters
from gateway.known_browsers import KnownBrowsers
from gateway.settings import Settings
from services.common.clock import utc_now
from tests.conftest import MakeDatabase

PUBLIC = "https://notts.example"
REALM = "/id/realms/fosse"
TAB = "tab_id=t1"
LOGIN = f"{REALM}/login-actions/authenticate"
SENT = f"{LOGIN}?{TAB}"
ANN = {"username": "ann", "password": "p w"}
MOST = {each.per: each.count for each in limits.TRIED}
MakePages = Callable[..., Flask]


class Provider(ThreadingHTTPServer):
    """Answers with what it was asked, and may hold its answers back."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.answering = threading.Event()
        self.answering.set()
        self.asked = 0
        self.goes_to = "/seen"


class Answers(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        self._answer(303, self.rfile.read(int(self.headers["Content-Length"] or 0)))

    def do_GET(self) -> None:
        self._answer(200, b"")

    def _answer(self, status: int, body: bytes) -> None:
        self.server.asked += 1
        self.server.answering.wait(20)
        self.send_response(status)
        self.send_header("Location", f"{self.server.goes_to}?{self.path}")
        self.send_header("Set-Cookie", "one=1; Secure; HttpOnly")
        self.send_header("Set-Cookie", "two=2")
        self.send_header("X-Powered-By", "something")
        self.end_headers()
        told = [f"{name}: {text}" for name, text in self.headers.items() if name not in {"Host", "User-Agent"}]
        self.wfile.write(body + "\n".join(sorted(told)).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def a_provider() -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.answering.set()
        server.shutdown()
        server.server_close()


def in_front_of(provider: Provider, make_database: MakeDatabase) -> MakePages:
    def make(issuer: str = f"{PUBLIC}{REALM}", threads: int = 8) -> Flask:
        app = Flask("pages")
        app.testing = True
        counters = Counters(make_database(Path("gateway") / "migrations"), b"secret")
        app.extensions["fosse_limits"] = limits.Counting(counters, utc_now)
        address = f"http://127.0.0.1:{provider.server_address[1]}{REALM}"
        given = Settings(public_url=PUBLIC, issuer=issuer, provider_address=address, threads=threads)
        passing.install(app, given, KnownBrowsers(b"secret", "known", secure=True))
        return app

    return make


def from_address(app: Flask, address: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base = {**client.environ_base, "REMOTE_ADDR": address}
    return client


def known_to(app: Flask, name: str) -> FlaskClient:
    """A browser with which somebody has signed in before."""
    client, response = app.test_client(), Response()
    with app.test_request_context("/"):
        KnownBrowsers(b"secret", "known", secure=True).remember(response, name)
    client.set_cookie("known", response.headers["Set-Cookie"].partition(";")[0].partition("=")[2])
    return client
