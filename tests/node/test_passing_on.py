"""A provider behind the gateway: people sign in below the node's own address, and reach nothing else of it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.counters import Per
from gateway.errors import BadRequest
from services.common.errors import TooMany
from services.common.rpc_errors import Away
from tests.node.provider_world import (
    ANN,
    LOGIN,
    MOST,
    PUBLIC,
    REALM,
    SENT,
    TAB,
    MakePages,
    Provider,
)


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


@pytest.mark.parametrize(
    "query",
    [f"x=1;tab_id=t2&{TAB}", f"{TAB};tab_id=t2", f"x=1&x=2&{TAB}", f"{TAB}&tab_id%3Bx=t2", f"%20tab_id=t2&{TAB}"],
)
def test_a_query_that_may_be_read_in_two_ways_is_not_passed_on(
    pages: MakePages, provider: Provider, query: str
) -> None:
    browser = pages().test_client()
    for ask in (browser.get, browser.post):
        with pytest.raises(BadRequest, match="start your sign-in again"):
            ask(f"{LOGIN}?{query}", data=ANN)
    assert provider.asked == 0


def test_what_a_field_of_the_query_holds_stays_within_it(pages: MakePages) -> None:
    answer = pages().test_client().post(f"{LOGIN}?x=1%3Btab_id%3Dt2%26tab_id%3Dt3&{TAB}", data=ANN)

    assert answer.headers["Location"] == f"/seen?{LOGIN}?x=1%3Btab_id%3Dt2%26tab_id%3Dt3&{TAB}"


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
