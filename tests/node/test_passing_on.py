"""A provider behind the gateway: people sign in below the node's own address, and reach nothing else of it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask

from gateway import limits, passing
from gateway.counters import Counters, Per
from gateway.errors import BadRequest
from gateway.known_browsers import KnownBrowsers
from gateway.settings import Settings
from services.common.clock import utc_now
from services.common.errors import TooMany
from services.common.rpc_errors import Away
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


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.answering.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def pages(provider: Provider, make_database: MakeDatabase, tmp_path: Path) -> MakePages:
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


def test_a_form_is_passed_on_and_the_answer_comes_back(pages: MakePages) -> None:
    browser = pages().test_client()
    browser.set_cookie("theirs", "before")
    answer = browser.post(f"{SENT}&a=1%2F2&b=%C3%A9", data=ANN)

    assert answer.status_code == 303 and answer.text.startswith("username=ann&password=p+w")
    assert answer.headers["Location"] == f"/seen?{SENT}&a=1%2F2&b=%C3%A9"
    assert answer.headers.getlist("Set-Cookie") == ["one=1; Secure; HttpOnly", "two=2"]
    assert "Cookie: theirs=before" in answer.text and "X-Powered-By" not in answer.headers


def test_our_cookies_and_what_a_proxy_adds_stay_here(pages: MakePages) -> None:
    browser = pages().test_client()
    for name in ("fosse_notts", "__Host-fosse_notts", "fosse_notts_form"):
        browser.set_cookie(name, "secret")
    told = {"Authorization": "Bearer secret", "X-Forwarded-Host": "secret", "Forwarded": "host=secret"}

    assert "secret" not in browser.post(SENT, data=ANN, headers=told).text


def test_cookies_of_one_person_are_never_sent_for_another(pages: MakePages) -> None:
    app = pages()
    app.test_client().post(SENT, data=ANN)
    assert "Cookie" not in app.test_client().post(SENT, data=ANN).text


@pytest.mark.parametrize(
    "path",
    [
        "/id/admin/master/console", "/id/realms/master/protocol/openid-connect/auth", f"{REALM}/account", f"{REALM}",
        f"{REALM}/protocol/openid-connect/token", f"{REALM}/protocol/openid-connect/auth/device", "/id/metrics",
        "/realms/fosse/protocol/openid-connect/auth", f"{REALM}/.well-known/openid-configuration",
    ],
)  # fmt: skip
def test_other_paths_are_not_there(pages: MakePages, provider: Provider, path: str) -> None:
    browser = pages().test_client()
    assert (browser.get(path).status_code, browser.post(path).status_code, provider.asked) == (404, 404, 0)


@pytest.mark.parametrize(
    "twist", ["", "..", "%2e%2e", "..%2f..", "%252e%252e", "..;", "a;b", "%5c..", "x//y", ".", "a/.."]
)
def test_a_path_that_could_be_read_as_another_is_not_passed_on(
    pages: MakePages, provider: Provider, twist: str
) -> None:
    browser = pages().test_client()
    for path in (f"/id/resources/{twist}/admin", f"/id/resources/{twist}"):
        assert browser.get(path).status_code in {308, 404} and provider.asked == 0


def test_who_gets_in_is_not_counted_and_who_fails_is_slowed_down(pages: MakePages, provider: Provider) -> None:
    browser = pages().test_client()
    provider.goes_to = f"{PUBLIC}/signin/return?code=c&x="
    for _ in range(MOST[Per.ADDRESS] + 5):
        assert browser.post(SENT, data=ANN).status_code == 303

    provider.goes_to = "/again"
    for _ in range(MOST[Per.NAME]):
        assert browser.post(SENT, data=ANN).status_code == 303
    with pytest.raises(TooMany, match="Too many tries"):
        browser.post(SENT, data=ANN)
    assert browser.get(SENT).status_code == 200
    assert browser.post(SENT, data={"username": "ben"}).status_code == 303


def test_a_sign_in_that_the_provider_broke_off_counts(pages: MakePages, provider: Provider) -> None:
    browser = pages().test_client()
    provider.goes_to = f"{PUBLIC}/signin/return?error=code&x="
    for _ in range(MOST[Per.NAME]):
        browser.post(SENT, data=ANN)

    with pytest.raises(TooMany):
        browser.post(SENT, data=ANN)


@pytest.mark.parametrize("name", ["ann", " ann", "ANN\t", "\x00aNN", "ann\x1f"])
def test_however_a_name_is_spelt_it_is_counted_and_passed_on_as_one(pages: MakePages, name: str) -> None:
    browser = pages().test_client()
    for _ in range(MOST[Per.NAME]):
        browser.post(SENT, data=ANN)
    another = browser.post(SENT, data={"username": ["Ben ", "ann"], "password": "x", "otp": "123456"})

    assert another.text.startswith("username=ben&password=x") and "otp" not in another.text
    with pytest.raises(TooMany):
        browser.post(SENT, data={"username": name})


@pytest.mark.parametrize("path", [SENT, f"{REALM}/login-actions/else?{TAB}"])
def test_a_code_counts_for_each_name_that_was_typed_in_its_tab(pages: MakePages, path: str) -> None:
    app = pages()
    app.test_client().post(SENT, data=ANN)
    app.test_client().post(SENT, data={"username": "ben"})
    for _ in range(MOST[Per.NAME] - 1):
        app.test_client().post(path, data={"otp": "123456"})

    for refused in ({"otp": "123456"}, ANN, {"username": "ben"}):
        with pytest.raises(TooMany):
            app.test_client().post(path, data=refused)
    assert app.test_client().post(path, data={"username": "cath"}).status_code == 303


@pytest.mark.parametrize("query", ["", "tab_id=", "tab_id=t2", f"{TAB}&tab_id=t2", "tab_id=a/b"])
def test_a_code_of_nobody_knows_whom_is_not_passed_on(pages: MakePages, provider: Provider, query: str) -> None:
    app = pages()
    app.test_client().post(SENT, data=ANN)
    asked = provider.asked

    with pytest.raises(BadRequest, match="start your sign-in again"):
        app.test_client().post(f"{LOGIN}?{query}", data={"otp": "123456"})
    assert provider.asked == asked


def test_what_is_too_large_is_not_passed_on(pages: MakePages, provider: Provider) -> None:
    answer = pages().test_client().post(SENT, data={"password": "x" * 100_000})
    assert (answer.status_code, provider.asked) == (413, 0)


def test_a_provider_that_hangs_holds_half_the_threads_at_most(pages: MakePages, provider: Provider) -> None:
    app = pages(threads=4)
    provider.answering.clear()

    def ask(_: int) -> str:
        try:
            return str(app.test_client().get(LOGIN).status_code)
        except TooMany:
            provider.answering.set()
            return "busy"

    with ThreadPoolExecutor(3) as people:
        assert sorted(people.map(ask, range(3))) == ["200", "200", "busy"]


def test_a_provider_that_is_away_is_told_and_one_elsewhere_is_left_alone(pages: MakePages, provider: Provider) -> None:
    elsewhere = pages(issuer="https://sign-in.example/realms/fosse")
    assert elsewhere.test_client().get(LOGIN).status_code == 404

    provider.shutdown()
    provider.server_close()
    with pytest.raises(Away):
        pages().test_client().get(LOGIN)
