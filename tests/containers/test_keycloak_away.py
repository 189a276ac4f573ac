"""Keycloak hangs for a while: people who are signed in go on, and afterwards nobody has to do anything."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from services.common.clock import utc_now
from tests.databases import SqliteDatabases
from tests.keycloak import Keycloak
from tests.promises.beside_keycloak import County, a_county
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
ME = "/api/v1/me"
PASS_IS_OVER, TOKEN_IS_OVER = timedelta(seconds=55), timedelta(seconds=305)


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
