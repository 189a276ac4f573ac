"""What a signed link opens: looked at, done once, twice, by somebody signed in, without a token, by who guesses."""

import logging
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from fosse.events.v1 import events_pb2
from fosse.membership.v1 import links_pb2 as links
from gateway.limits import LINK
from services.common.access import LINK_RUN_OUT
from services.common.errors import Conflict, NotFound
from tests.browser import looking, world
from tests.browser.county import County, a_county
from tests.browser.looking import tab_to
from tests.browser.standins.linked import ADA, SEPTEMBER, WAITS
from tests.browser.states.links import CODE, PATH
from tests.browsing import Browser

PURPOSES = [links.LINK_PURPOSE_BOOK, links.LINK_PURPOSE_CANCEL, links.LINK_PURPOSE_DECLINE, links.LINK_PURPOSE_PULSE]


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.links.make(CODE, links.LINK_PURPOSE_BOOK)
        yield running


@pytest.fixture
def browser(county: County) -> Iterator[Browser]:
    with Browser(county.address) as browser:
        yield browser


def asked(county: County) -> list[str]:
    return [type(request).__name__ for request in county.shelf.asked]


@pytest.mark.parametrize("purpose", PURPOSES)
def test_looking_at_a_link_changes_nothing(
    county: County, browser: Browser, purpose: links.LinkPurpose.ValueType
) -> None:
    county.shelf.links.make(CODE, purpose)
    if purpose == links.LINK_PURPOSE_CANCEL:
        county.shelf.links.hold()

    pages = [browser.get(PATH), browser.http.head(county.address + PATH, timeout=10)]

    assert {page.status_code for page in pages} == {200}
    assert set(asked(county)) <= {"DescribeLinkRequest", "DescribeMeetingRequest", "ListPlaceHoldersRequest"}
    assert "Ada L." in pages[0].text and county.shelf.links.acted == []


def test_a_form_that_no_page_of_ours_gave_books_nothing(county: County, browser: Browser) -> None:
    token = browser.form_token(PATH)

    answers = [
        browser.post(PATH, {"id": "1" * 32}),
        browser.post(PATH, {"id": "1" * 32, "csrf_token": "0" * 64}),
        browser.post(PATH, {"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"}),
    ]

    assert {answer.status_code for answer in answers} == {400}
    assert county.shelf.links.acted == []


def test_sending_twice_asks_for_the_same_place(county: County, browser: Browser) -> None:
    page = browser.get(PATH)
    form = dict(re.findall(r'name="(csrf_token|id)" value="([0-9a-f]+)"', page.text))

    answers = [browser.post(PATH, form) for _ in range(2)]

    assert all("You have a place in the room." in answer.text for answer in answers)
    first, second = (request for request, _ in county.shelf.links.acted)
    assert first == second and len(first.id) == 32 and first.meeting_id == SEPTEMBER


def test_a_link_speaks_for_its_member_whoever_is_signed_in(county: County, browser: Browser) -> None:
    county.signed_in(browser)

    page = browser.get(PATH)
    done = browser.send(PATH, id="1" * 32)

    assert "Priya Raman" in page.text and "whoever is signed in here" in page.text
    assert done.status_code == 200 and "Receipt 20, for Ada L." in done.text
    assert [who for _, who in county.shelf.links.acted] == [ADA.member_id]


def test_the_code_leaves_in_no_referer_no_search_no_sign_in_and_no_log(
    county: County, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    pages = [browser.get(PATH), browser.send(PATH, id="1" * 32), browser.get("/l/unknown"), browser.post(PATH, {})]
    county.node.stop("events")
    pages += [browser.get(PATH)]

    assert [page.status_code for page in pages] == [200, 200, 404, 400, 503]
    for page in pages:
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["X-Robots-Tag"] == "noindex, nofollow"
        assert page.headers["Cache-Control"] == "no-store"
        assert re.findall(r'href="[^"]*/l/', page.text) == []
    # urllib3 is the test's own browser.
    assert not [one for one in caplog.records if CODE in one.getMessage() and not one.name.startswith("urllib3")]


def test_after_many_wrong_guesses_no_link_is_looked_up_from_that_address(county: County, browser: Browser) -> None:
    most = LINK[0].count
    good = [browser.get(PATH).status_code for _ in range(most + 5)]

    guesses = [browser.get(f"/l/guess{number}").status_code for number in range(most + 1)]

    assert good == [200] * (most + 5) and guesses == [404] * most + [429]
    stopped = browser.get(PATH)
    assert stopped.status_code == 429 and int(stopped.headers["Retry-After"]) > 0


def test_a_page_of_a_link_makes_three_calls_at_most(county: County, browser: Browser) -> None:
    token = browser.form_token(PATH)
    county.shelf.asked.clear()

    browser.post(PATH, {"csrf_token": token, "id": "1" * 32})

    assert asked(county) == ["TradeLinkRequest", "DescribeMeetingRequest", "BookPlaceRequest"]


def test_a_link_whose_member_moved_to_another_community_shows_and_does_nothing(
    county: County, browser: Browser
) -> None:
    token = browser.form_token(PATH)
    county.shelf.refuse["DescribeMeeting"] = Conflict(LINK_RUN_OUT)

    pages = [browser.get(PATH), browser.post(PATH, {"csrf_token": token, "id": "1" * 32})]

    assert [page.status_code for page in pages] == [409, 409]
    assert all(LINK_RUN_OUT in page.text and "Ada L." not in page.text for page in pages)
    assert county.shelf.links.acted == []


def test_a_page_of_a_link_says_where_its_member_belongs(county: County, browser: Browser) -> None:
    browser.get(PATH)

    (described,) = [each for each in county.shelf.asked if isinstance(each, events_pb2.DescribeMeetingRequest)]
    assert described.community_ids == [world.COMMUNITY.id]


def test_what_happened_is_told_even_when_the_meeting_cannot_be_described(county: County, browser: Browser) -> None:
    token = browser.form_token(PATH)
    county.shelf.refuse["DescribeMeeting"] = NotFound("There is no such meeting here.")

    done = browser.post(PATH, {"csrf_token": token, "id": "1" * 32})

    assert done.status_code == 200 and "You have a place in the room." in done.text


def test_a_pulse_with_a_question_left_open_keeps_what_was_chosen(county: County, browser: Browser) -> None:
    county.shelf.links.make(CODE, links.LINK_PURPOSE_PULSE)

    page = browser.send(PATH, worth="4", better="Start on time.")

    assert page.status_code == 422
    assert re.search(r'value="4"[^>]* checked', page.text) and "Start on time." in page.text
    assert county.shelf.links.acted == []
    assert "Thank you" in browser.send(PATH, worth="4", change="2").text


def test_booking_takes_one_key_on_a_small_screen_and_who_waits_may_sit_online(
    chromium: Chromium, county: County
) -> None:
    county.shelf.links.place = WAITS
    with looking.a_page(chromium, county, who=None, width=360, java_script_enabled=False) as page:
        page.set_viewport_size({"width": 360, "height": 640})
        page.goto(county.address + PATH)
        expect(page.get_by_role("button", name="Book my place")).to_be_in_viewport(ratio=1)

        tab_to(page, "Book my place")
        page.keyboard.press("Enter")

        expect(page.get_by_role("heading", level=1)).to_have_text("You are on the waiting list")
        expect(page.get_by_text("You are number 1 on the waiting list")).to_be_visible()
        tab_to(page, "Take a place online")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("You have a place online")
    first, second = (request for request, _ in county.shelf.links.acted)
    assert (first.wish, second.wish) == (0, 2) and first.id != second.id


def test_a_pulse_is_answered_by_keyboard(chromium: Chromium, county: County) -> None:
    county.shelf.links.make(CODE, links.LINK_PURPOSE_PULSE)
    with looking.a_page(chromium, county, who=None, width=360) as page:
        page.goto(county.address + PATH)
        tab_to(page, "5, very much")
        page.keyboard.press("Space")
        tab_to(page, "Yes")
        page.keyboard.press("ArrowDown")
        tab_to(page, "One thing to do better")
        page.keyboard.type("Less coffee, more chairs.")
        tab_to(page, "Send my answer")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    ((answer, who),) = county.shelf.links.acted
    assert (answer.worth, answer.change, answer.better) == (5, 2, "Less coffee, more chairs.")
    assert who == ADA.member_id


def test_a_convenor_says_we_use_this_for_a_member_by_keyboard(chromium: Chromium, county: County) -> None:
    item = county.shelf.put(world.a_resource())
    county.shelf.links.names[ADA.member_id] = ("Ada Longstaff", "Beeston Lodge")
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/shelf?for={ADA.member_id}")
        tab_to(page, item.words.title)
        page.keyboard.press("Enter")
        expect(page.get_by_text("You speak for Ada Longstaff, Beeston Lodge.")).to_be_visible()
        tab_to(page, "Aware")
        page.keyboard.press("Space")
        tab_to(page, "Save for them")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("on their behalf as “aware”")
    assert "ActForRequest" in asked(county)
