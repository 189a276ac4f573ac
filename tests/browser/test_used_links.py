"""A signed link that was used: what was done and when, instead of the same question again."""

from collections.abc import Iterator

import pytest

from fosse.events.v1 import facts_pb2 as facts
from fosse.membership.v1 import links_pb2 as links
from services.common.errors import NotFound
from tests.browser import world
from tests.browser.county import County, a_county
from tests.browser.states.links import CODE, PATH
from tests.browsing import Browser


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.links.make(CODE, links.LINK_PURPOSE_BOOK)
        yield running


@pytest.fixture
def browser(county: County) -> Iterator[Browser]:
    with Browser(county.address) as browser:
        yield browser


@pytest.mark.parametrize(
    ("purpose", "held", "heading"),
    [
        (links.LINK_PURPOSE_BOOK, facts.DECISION_ROOM, "You have a place"),
        (links.LINK_PURPOSE_CANCEL, None, "You have no place now"),
        (links.LINK_PURPOSE_DECLINE, None, "You have no place now"),
    ],
)
def test_a_link_that_was_used_says_when_and_how_it_stands_instead_of_asking_again(
    county: County,
    browser: Browser,
    purpose: links.LinkPurpose.ValueType,
    held: facts.Decision.ValueType | None,
    heading: str,
) -> None:
    county.shelf.links.make(CODE, purpose)
    county.shelf.links.used[CODE] = world.days(2)
    if held:
        county.shelf.links.hold(held)

    page = browser.get(PATH).text

    assert f">{heading}</h1>" in page
    assert "This link was used on 29 August 2026, 10:00." in page and "Ada L." in page
    assert "Book my place" not in page and "Give my place back" not in page
    assert county.shelf.links.acted == []


def test_a_link_that_was_used_gives_a_place_back_that_was_booked_since(county: County, browser: Browser) -> None:
    county.shelf.links.make(CODE, links.LINK_PURPOSE_CANCEL)
    county.shelf.links.used[CODE] = world.days(2)
    county.shelf.links.hold()

    assert "Give my place back" in browser.get(PATH).text
    assert browser.send(PATH, id="1" * 32).status_code == 200


def test_a_use_that_came_to_nothing_is_not_taken_for_done(county: County, browser: Browser) -> None:
    county.shelf.links.used[CODE] = world.days(2)

    assert "Book my place" in browser.get(PATH).text


def test_when_nobody_can_say_how_it_stands_people_are_asked_as_before(county: County, browser: Browser) -> None:
    county.shelf.links.make(CODE, links.LINK_PURPOSE_CANCEL)
    county.shelf.refuse["ListPlaceHolders"] = NotFound("There is no such meeting here.")

    assert "Give my place back" in browser.get(PATH).text


def test_a_pulse_is_not_asked_again_in_the_browser_that_answered_and_the_node_notes_nothing(
    county: County, browser: Browser
) -> None:
    county.shelf.links.make(CODE, links.LINK_PURPOSE_PULSE)
    done = browser.send(PATH, worth="4", change="2")

    again = browser.get(PATH).text
    with Browser(county.address) as elsewhere:
        another = elsewhere.get(PATH).text

    assert "You have answered" in again and "31 August 2026, 10:00" in again and "Send my answer" not in again
    assert "Send my answer" in another
    assert CODE not in done.headers["Set-Cookie"] and "HttpOnly" in done.headers["Set-Cookie"]
    assert county.shelf.links.used == {}
