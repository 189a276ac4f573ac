"""Signing in and out through a real provider, and what a session is worth."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from gateway.app import close, create_app
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway

COOKIE = "fosse_notts"


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/api/v1/me").status_code == 200


def test_an_invited_person_signs_in_accepts_and_is_a_member(web: Web) -> None:
    path = web.a_member(1, "Ann Example")
    browser = web.fresh()

    back = browser.sign_in("Ann Example", path)
    accepted = browser.send(path)
    me = browser.get("/api/v1/me").json()

    assert (back.status_code, back.headers["Location"]) == (303, path)
    assert (accepted.status_code, accepted.headers["Location"]) == (303, "/")
    assert me["name"] == "Ann Example"


def test_who_was_not_invited_is_told_so_and_sees_no_members_page(web: Web) -> None:
    web.accounts.add("Eve Stranger", "")
    browser = web.fresh()
    browser.sign_in("Eve Stranger")

    page = browser.get("/resources/new")

    assert page.status_code == 403
    assert "nobody has invited this sign-in yet" in page.text


def test_opening_an_invitation_changes_nothing(web: Web) -> None:
    path = web.a_member(1, "Ann Example")
    browser = web.fresh()
    browser.sign_in("Ann Example", path)

    pages = [browser.get(path) for _ in range(3)]

    assert {page.status_code for page in pages} == {200}
    assert not is_signed_in(browser)


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(web: Web) -> None:
    path = web.a_member(1, "Ann Example")

    set_cookie = web.fresh().sign_in("Ann Example", path).headers["Set-Cookie"]

    assert set_cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(set_cookie.split("; "))


def test_the_provider_is_asked_with_pkce_state_and_nonce_and_our_exact_address(web: Web) -> None:
    asked = parse_qs(urlsplit(web.fresh().ask_provider()).query)

    assert asked["redirect_uri"] == [f"{web.url}/signin/return"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert all(len(asked[name][0]) >= 40 for name in ("state", "nonce", "code_challenge"))


def test_an_answer_that_nobody_asked_for_signs_nobody_in(web: Web) -> None:
    browser = web.fresh()
    browser.ask_provider()

    page = browser.get("/signin/return?state=guessed&code=stolen")

    assert page.status_code == 403
    assert COOKIE not in browser.http.cookies


def test_an_answer_carried_to_another_browser_signs_nobody_in(web: Web) -> None:
    web.a_member(1, "Ann Example")
    attacker, victim = web.fresh(), web.fresh()
    state = parse_qs(urlsplit(attacker.ask_provider()).query)["state"][0]

    page = victim.get(f"/signin/return?state={state}&code=anything")

    assert page.status_code == 403
    assert COOKIE not in victim.http.cookies


def test_an_answer_works_once(web: Web) -> None:
    web.a_member(1, "Ann Example")
    browser = web.fresh()
    address = browser.sign_in("Ann Example").url

    again = browser.get(address)

    assert again.status_code == 403
    assert "run out" in again.text


def test_an_answer_that_names_another_issuer_is_refused(web: Web) -> None:
    browser = web.fresh()
    state = parse_qs(urlsplit(browser.ask_provider()).query)["state"][0]

    page = browser.get(f"/signin/return?state={state}&code=c&iss=https://other.example")

    assert page.status_code == 403


def test_a_sign_in_that_took_too_long_is_begun_anew(web: Web) -> None:
    web.a_member(1, "Ann Example")
    browser = web.fresh()
    state = parse_qs(urlsplit(browser.ask_provider()).query)["state"][0]
    web.clock.ahead = timedelta(minutes=11)

    page = browser.get(f"/signin/return?state={state}&code=c")

    assert page.status_code == 403
    assert "run out" in page.text


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
def test_signing_in_leads_nowhere_but_here(web: Web, elsewhere: str) -> None:
    web.a_member(1, "Ann Example")

    back = web.fresh().sign_in("Ann Example", elsewhere)

    assert back.headers["Location"] == "/"


def test_who_signs_out_is_out_and_the_old_cookie_is_worth_nothing(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")
    old = browser.http.cookies[COOKIE]

    out = browser.send("/signout", "/")
    thief = web.fresh()
    thief.http.cookies.set(COOKIE, old)

    assert out.status_code == 303
    assert COOKIE not in browser.http.cookies
    assert not is_signed_in(thief)


def test_every_sign_in_gets_another_number_and_ends_the_one_before(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")
    old = browser.http.cookies[COOKIE]

    browser.sign_in("Ann Example", form_at="/about/cookies")
    thief = web.fresh()
    thief.http.cookies.set(COOKIE, old)

    assert browser.http.cookies[COOKIE] != old
    assert is_signed_in(browser)
    assert not is_signed_in(thief)


def test_a_session_ends_after_eight_hours_without_a_visit(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")

    web.clock.ahead = timedelta(hours=8, minutes=1)

    assert not is_signed_in(browser)


def test_a_session_that_is_used_ends_after_a_day(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")
    seen = []

    for hours in (5, 10, 23, 25):
        web.clock.ahead = timedelta(hours=hours)
        seen.append(browser.get("/signin").status_code == 303)

    # The embedded provider itself ends a sign-in after twelve hours.
    assert seen == [True, True, False, False]


def test_twelve_requests_at_once_after_the_token_ran_out_renew_it_once(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")
    cookie = browser.http.cookies[COOKIE]

    def ask(_: int) -> int:
        with Browser(web.url) as other:
            other.http.cookies.set(COOKIE, cookie)
            return other.get("/api/v1/me").status_code

    for minutes in (6, 12, 18):
        web.clock.ahead = timedelta(minutes=minutes)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(ask, range(12)))
        # Used twice, a refresh token ends the whole sign-in at the provider.
        assert answers == [200] * 12


def test_a_member_who_left_is_out_within_a_minute(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example", ROLE_CONVENOR)
    web.leaves(1)

    web.clock.ahead = timedelta(seconds=61)

    assert browser.get("/api/v1/drafts").status_code == 403


def test_a_provider_that_is_away_is_said_so_and_reading_goes_on(web: Web) -> None:
    app = create_app(replace(web.settings, issuer="http://127.0.0.1:9"), clock=web.clock)
    with app.test_client() as browser:
        form = browser.get("/signin").text
        token = form.partition('name="csrf_token" value="')[2].partition('"')[0]

        begun = browser.post("/signin", data={"csrf_token": token, "next": "/"})
        public = browser.get("/api/v1/resources")
    close(app)

    assert (begun.status_code, public.status_code) == (503, 200)
    assert "The sign-in service does not answer just now." in begun.text
    assert begun.headers["Retry-After"]


def test_the_database_holds_no_token_and_no_number_of_a_cookie(web: Web, tmp_path: Path) -> None:
    browser = web.signed_in(1, "Ann Example")
    number = browser.http.cookies[COOKIE]

    database = Path(web.settings.database.removeprefix("sqlite:///"))
    held = b"".join(path.read_bytes() for path in database.parent.glob(f"{database.name}*"))

    assert len(held) > 4096
    assert number.encode() not in held
    assert b"eyJ" not in held


def test_a_form_from_another_site_is_refused(web: Web) -> None:
    browser = web.signed_in(1, "Ann Example")
    token = browser.form_token("/")

    without = browser.post("/signout")
    wrong = browser.post("/signout", {"csrf_token": "0" * 64})
    neighbour = browser.post("/signout", {"csrf_token": token}, headers={"Sec-Fetch-Site": "same-site"})

    assert [each.status_code for each in (without, wrong, neighbour)] == [400, 400, 400]
    assert is_signed_in(browser)


def test_a_form_of_one_person_does_not_work_for_another(web: Web) -> None:
    ann, ben = web.signed_in(1, "Ann Example"), web.signed_in(2, "Ben Example")

    sent = ben.post("/signout", {"csrf_token": ann.form_token("/")})

    assert sent.status_code == 400
    assert is_signed_in(ben)


def test_who_opens_a_members_page_is_led_to_sign_in_and_back(web: Web) -> None:
    page = web.fresh().get("/resources/new?from=mail")

    assert page.status_code == 303
    assert page.headers["Location"] == "/signin?next=%2Fresources%2Fnew%3Ffrom%3Dmail"
