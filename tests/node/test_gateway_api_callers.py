"""The JSON API: who is asking, by a session's cookie with a page's token, or by the provider's token."""

import pytest
from sqlalchemy import Connection, Engine, event

from tests.browsing import Browser
from tests.gateways import Web

KEY = "0123456789abcdef0123456789abcdef"
WORDS = {"title": "Falls", "summary": "What helps against falls at night.", "type": "leaflet"}


def test_who_is_not_signed_in_is_told_so(web: Web) -> None:
    answer = web.fresh().get("/api/v1/me")

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_program_uses_the_providers_token_and_needs_no_form(web: Web, ann: Browser) -> None:
    bearer = {"Authorization": f"Bearer {web.access_token(ann)}"}
    program = web.fresh()

    me = program.get("/api/v1/me", headers=bearer)
    made = program.post("/api/v1/resources", json={"words": WORDS}, headers={**bearer, "Idempotency-Key": KEY})

    assert me.json()["name"] == "Ann Example"
    assert made.status_code == 200
    assert not program.http.cookies


@pytest.mark.parametrize("authorization", ["Bearer nonsense", "Bearer ", "Basic YTpi", "Bearer a.b.c"])
def test_a_bad_token_is_refused_and_says_how(web: Web, authorization: str) -> None:
    answer = web.fresh().get("/api/v1/me", headers={"Authorization": authorization})

    assert answer.status_code == 401
    assert answer.json()["title"] == "Please sign in"


def test_a_token_is_good_for_the_api_alone(web: Web, ann: Browser) -> None:
    bearer = {"Authorization": f"Bearer {web.access_token(ann)}"}

    assert web.fresh().get("/resources/new", headers=bearer).status_code == 303


@pytest.mark.parametrize("headers", [{}, {"X-CSRF-Token": "0" * 64}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_change_with_a_cookie_needs_the_token_of_our_own_pages(
    web: Web, ann: Browser, token: str, headers: dict[str, str]
) -> None:
    sent = {"X-CSRF-Token": token, **headers} if "Sec-Fetch-Site" in headers else headers

    answer = ann.post("/api/v1/resources", json={"words": WORDS}, headers=sent)

    assert answer.status_code == 400
    assert web.shelf.resources == {}


def test_nobody_asking_costs_no_look_into_the_sessions(web: Web) -> None:
    looked: list[str] = []

    def look(conn: Connection, _cursor: object, statement: str, *_: object) -> None:
        if str(conn.engine.url) == web.settings.database:
            looked.append(statement)

    def looks(browser: Browser) -> list[str]:
        looked.clear()
        browser.get("/api/v1/resources?query=falls")
        return [statement for statement in looked if "sessions" in statement]

    nora = web.signed_in(90, "Nora Example")
    event.listen(Engine, "before_cursor_execute", look)
    of_nobody, of_nora = looks(web.fresh()), looks(nora)
    event.remove(Engine, "before_cursor_execute", look)

    assert of_nora, "a look would have been seen"
    assert of_nobody == []
