"""Promise 42: a minute after a sign-out, or the end of an account, a membership or a role, nothing is accepted."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from gateway import callers
from services.common.ids import new_id
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.keycloak import Keycloak
from tests.promises.beside_keycloak import County, a_county
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(900), pytest.mark.slow]
WITHIN_S = 60.0
# What the provider says itself is heard at once; only what a worker has just looked up outlives it.
SAID_WITHIN_S = 30.0
ME, CONVENORS = "/api/v1/me", f"/members/import?id={new_id()}"


@pytest.fixture
def county(keycloak: Keycloak, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[County]:
    with a_county(keycloak, tmp_path, sqlite_databases) as county:
        yield county


def accepted_until(browser: Browser, path: str, patience_s: float) -> float:
    """Seconds until the first refusal; asks all the while, as a browser left open does."""
    began = time.monotonic()
    with suppress(AssertionError):
        until(lambda: browser.get(path).status_code != 200, "it is refused", patience_s)
    return time.monotonic() - began


def kept_cookies(browser: Browser) -> Browser:
    """What somebody copied before the sign-out."""
    kept = Browser(browser.url)
    kept.http.cookies.update(browser.http.cookies)
    return kept


def sign_out(county: County) -> tuple[Browser, str]:
    somebody = county.joins("Olive")
    kept = kept_cookies(somebody.browser)
    somebody.browser.send("/signout", "/about")
    return kept, ME


def sign_out_at_provider(county: County) -> tuple[Browser, str]:
    somebody = county.joins("Osman")
    assert somebody.browser.get(ME).status_code == 200
    county.keycloak.admin().user_logout(somebody.account)
    return somebody.browser, ME


def leave(county: County) -> tuple[Browser, str]:
    somebody = county.joins("Odile")
    assert somebody.browser.get(ME).status_code == 200
    county.changes(somebody, left=True)
    return somebody.browser, ME


def lose_a_role(county: County) -> tuple[Browser, str]:
    somebody = county.joins("Orla", ROLE_CONVENOR)
    assert somebody.browser.get(CONVENORS).status_code == 200
    county.changes(somebody)
    return somebody.browser, CONVENORS


WAYS: dict[str, tuple[Callable[[County], tuple[Browser, str]], float]] = {
    "signed_out": (sign_out, WITHIN_S),
    "ended_at_provider": (sign_out_at_provider, SAID_WITHIN_S),
    "left": (leave, SAID_WITHIN_S),
    "lost_a_role": (lose_a_role, WITHIN_S),
}


def test_nothing_is_accepted_a_minute_after_a_sign_out_an_end_or_a_lost_role(county: County) -> None:
    took: dict[str, float] = {}
    for name, (end, within_s) in WAYS.items():
        browser, path = end(county)
        took[name] = accepted_until(browser, path, within_s)

    late = [name for name, (_, within_s) in WAYS.items() if took[name] >= within_s]
    figures = " ".join(f"{name}={seconds:.0f}s" for name, seconds in took.items())
    promise(42, "stack", "accepted after an end", not late, f"ways={len(took)} late={len(late)} {figures}", 0)


def test_a_gateway_that_never_asks_again_is_caught(county: County) -> None:
    with planted((callers, "_REMEMBER_S", 3600.0)):
        browser, path = sign_out_at_provider(county)
        took = accepted_until(browser, path, SAID_WITHIN_S)

    caught = int(took >= SAID_WITHIN_S)
    promise(42, "stack", "accepted after an end planted", caught == 1, f"bugs=1 caught={caught}", 0)
