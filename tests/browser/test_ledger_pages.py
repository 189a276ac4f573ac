"""Who was sent the minutes: sending again, and what is said when nobody was mailed."""

import re
from collections.abc import Iterator

import pytest

from tests.browser import meeting_world as month
from tests.browser import world
from tests.browser.county import County, a_county
from tests.browsing import Browser

OVER = f"/meetings/{month.JULY}"


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.meetings.put(month.in_july())
        running.shelf.deliveries = month.some_deliveries()
        yield running


@pytest.fixture
def priya(county: County) -> Iterator[Browser]:
    with Browser(county.address) as browser:
        yield county.signed_in(browser)


def test_sending_again_leads_back_to_the_list_of_that_mailing(priya: Browser) -> None:
    path = f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 1')}&show=all"
    action = re.search(r'action="([^"]+/resend[^"]*)"', priya.get(path).text)
    assert action

    answer = priya.send(action[1].replace("&amp;", "&"), form_at=path)

    assert answer.status_code == 303
    assert answer.headers["Location"] == path


def test_minutes_that_nobody_was_mailed_are_no_success(county: County, priya: Browser) -> None:
    county.shelf.meetings.editions = [month.an_edition(1, age=20, mailed=False)]

    led = priya.get(f"{OVER}/minutes/deliveries").headers["Location"]
    page = priya.get(led).text

    assert "These minutes were not mailed to anybody yet." in page and "Success" not in page
