"""Keycloak hangs for a while: people who are signed in go on, and afterwards nobody has to do anything."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.common.clock import utc_now
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.keycloak import Keycloak
from tests.promises.beside_keycloak import County, Somebody, a_county
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
ME = "/api/v1/me"
PASS_IS_OVER, TOKEN_IS_OVER = timedelta(seconds=55), timedelta(seconds=305)
# With one look at Keycloak that is in vain.
ANSWERED_WITHIN_S = 4.0


@dataclass
class Clock:
    """Of the gateway and membership; Keycloak has its own."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def county(keycloak: Keycloak, clock: Clock, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[County]:
    with a_county(keycloak, tmp_path, sqlite_databases, clock) as county:
        yield county


def saves(somebody: Somebody, job: str) -> bool:
    kept = somebody.browser.send("/profile", name=somebody.member.name, job_title=job, version=_version(somebody))
    return kept.status_code == 302 and job in somebody.browser.get("/profile").text


def _version(somebody: Somebody) -> str:
    return somebody.browser.get("/profile").text.partition('name="version" value="')[2].partition('"')[0]


def test_people_who_are_signed_in_read_and_write_while_keycloak_hangs_and_stay_signed_in(
    county: County, clock: Clock
) -> None:
    people = [county.joins(name) for name in ("Ada", "Ben", "Cleo")]

    with county.keycloak.paused():
        clock.ahead = PASS_IS_OVER
        began = time.monotonic()
        reading = [each.browser.get(ME).status_code for each in people]
        took = time.monotonic() - began
        writing = saves(people[0], "Nurse while the sign-in is away")
        begun = Browser(county.public_url).ask_provider()

    assert (reading, writing) == ([200] * 3, True)
    assert took < ANSWERED_WITHIN_S
    assert begun.startswith(county.keycloak.issuer)

    clock.ahead = 2 * PASS_IS_OVER
    assert [each.browser.get(ME).status_code for each in people] == [200] * 3
    county.keycloak.admin().user_logout(people[0].account)
    until(lambda: people[0].browser.get(ME).status_code != 200, "Keycloak is asked again", within_s=20)
    assert people[1].browser.get(ME).status_code == 200


def test_when_no_token_is_left_the_page_says_that_work_is_safe_and_a_while_later_all_is_as_before(
    county: County, clock: Clock
) -> None:
    somebody = county.joins("Dora")

    with county.keycloak.paused():
        clock.ahead = TOKEN_IS_OVER
        page = somebody.browser.get("/profile")
        clock.ahead = PASS_IS_OVER

    assert (page.status_code, page.headers["Retry-After"]) == (503, "5")
    assert "The sign-in service does not answer just now. Your work here is safe" in page.text
    until(lambda: somebody.browser.get(ME).status_code == 200, "the same sign-in is good again", within_s=30)
