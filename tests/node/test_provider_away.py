"""People who are signed in while the provider does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from gateway.app import close, create_app
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway

COOKIE = "fosse_notts"


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


@contextmanager
def without_provider(web: Web, signed_in: Browser) -> Iterator[FlaskClient]:
    """The same person at a gateway whose provider does not answer."""
    app = create_app(replace(web.settings, provider_address="http://127.0.0.1:9"), clock=web.clock)
    with app.test_client() as browser:
        browser.set_cookie(COOKIE, signed_in.http.cookies[COOKIE])
        yield browser
    close(app)


def test_while_the_provider_is_away_its_token_carries_people_on_for_as_long_as_it_holds(web: Web) -> None:
    signed_in = web.signed_in(1, "Ann Example")
    with without_provider(web, signed_in) as browser:
        web.clock.ahead = timedelta(minutes=4)
        meanwhile = browser.get("/api/v1/me")
        web.clock.ahead = timedelta(minutes=6)
        too_long = browser.get("/shelf")

    assert (meanwhile.status_code, too_long.status_code) == (200, 503)
    assert "Your work here is safe" in too_long.text
    assert signed_in.get("/api/v1/me").status_code == 200


def test_what_fosse_is_and_keeps_is_read_while_nobody_can_say_who_is_asking(web: Web) -> None:
    signed_in = web.signed_in(1, "Ann Example")
    with without_provider(web, signed_in) as browser:
        web.clock.ahead = timedelta(minutes=6)
        told = [browser.get(path) for path in ("/about", "/about/accessibility", "/about/cookies", "/nothing")]

    assert [each.status_code for each in told] == [200, 200, 200, 404]
    assert ["Sign in" in each.text for each in told] == [True] * 4
    assert [each.headers.getlist("Set-Cookie") for each in told] == [[]] * 4
    assert signed_in.get("/api/v1/me").status_code == 200
