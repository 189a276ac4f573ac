"""Pages before stand-in services: what only shows when something is rare, late or away."""

from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, expect

from fosse.notification.v1 import notification_pb2 as notification
from fosse.resource.v1 import resource_pb2 as resource
from services.common.errors import TooMany
from tests.browser import looking, world
from tests.browser.county import County, a_county
from tests.browser.states import STATES, State

MOST_CALLS = 3


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        yield running


def get(county: County, path: str, **headers: str) -> requests.Response:
    cookie = county.sign_in()
    return requests.get(county.address + path, cookies={cookie["name"]: cookie["value"]}, headers=headers, timeout=10)


def test_results_follow_the_typing_and_the_field_keeps_its_focus(chromium: Browser, county: County) -> None:
    county.shelf.put(*world.some_resources())
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/shelf")

        page.get_by_label("Search by words").press_sequentially("mouth")

        expect(page.get_by_role("status")).to_have_text("1 resource for “mouth”")
        expect(page).to_have_url(f"{county.address}/shelf?q=mouth&type=&topic=&origin=&licence=&evidence=")
        expect(page.get_by_label("Search by words")).to_be_focused()


def test_a_fragment_is_never_taken_for_the_page(county: County) -> None:
    whole, part = get(county, "/shelf"), get(county, "/shelf", **{"HX-Request": "true"})

    assert whole.text.startswith("<!DOCTYPE html>") and "<html" not in part.text
    assert "HX-Request" in whole.headers["Vary"] and "HX-Request" in part.headers["Vary"]


def test_the_page_stands_and_its_panel_turns_grey_when_federation_is_away(county: County) -> None:
    item = county.shelf.put(world.a_resource(origin_node_id=world.id_of("derbys")))
    county.node.stop("federation")

    page = get(county, f"/resources/{item.id}")

    assert page.status_code == 200
    assert "The signature cannot be checked just now" in page.text


def test_nobody_is_told_that_nothing_is_begun_while_the_shelf_is_away(county: County) -> None:
    county.node.stop("resource")

    page = get(county, "/")

    assert page.status_code == 200
    assert "Your drafts are safe" in page.text and "Nothing begun" not in page.text


def test_nobody_is_told_that_the_shelf_works_while_both_it_and_the_region_are_away(county: County) -> None:
    county.node.stop("resource")
    county.node.stop("federation")

    page = get(county, "/")

    assert page.status_code == 200
    assert "We cannot say just now how the region is." in page.text and "shelf works" not in page.text


def test_what_a_draft_plainly_lacks_is_said_before_anybody_chooses_who_may_see_it(county: County) -> None:
    words = world.a_resource().words
    bare, whole = world.a_draft("drinks"), world.a_draft("skin", parts=[world.a_link()])
    bare.words.CopyFrom(resource.Words(title="Drinks rounds", type=words.type))
    whole.words.CopyFrom(words)
    county.shelf.put(bare, whole)

    lacking, complete = (get(county, f"/resources/{one.id}/publish").text for one in (bare, whole))

    assert "Still missing: summary and topics." in lacking and f"/resources/{bare.id}/edit" in lacking
    assert "no file or link yet" in lacking and f"/resources/{bare.id}/parts" in lacking
    assert "Before it can be published" not in complete


def test_a_mail_that_is_on_its_way_says_so(county: County) -> None:
    mail = notification.GetMailResponse(delivery=world.a_mail(state=notification.DELIVERY_STATE_QUEUED).delivery)
    county.shelf.mails = [mail]

    page = get(county, f"/mail/{mail.delivery.id}")

    assert page.status_code == 200 and "still on its way" in page.text


def test_a_busy_node_says_when_to_try_again(county: County) -> None:
    county.shelf.refuse["SearchResources"] = TooMany("Very many people are here.", retry_after_s=7)

    page = get(county, "/shelf")

    assert (page.status_code, page.headers["Retry-After"]) == (429, "7")
    assert "It is safe to try again in 7 seconds." in page.text
    assert "go back in your browser" not in page.text


def test_what_was_typed_is_still_there_when_a_service_was_away(chromium: Browser, county: County) -> None:
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/resources/new")
        page.get_by_label("Title").fill("Drinks rounds")
        county.node.stop("resource")
        page.get_by_role("button", name="Save and go on to files").click()

        said = page.get_by_role("main")
        expect(said).to_contain_text("go back in your browser, then send it again. It is safe to try again in 5")
        expect(said).not_to_contain_text("minute")
        page.go_back()
        expect(page.get_by_label("Title")).to_have_value("Drinks rounds")


def test_a_page_that_is_not_there_still_knows_who_is_signed_in(county: County) -> None:
    page = get(county, "/nowhere")

    assert page.status_code == 404
    assert "Priya Raman" in page.text and "Sign out" in page.text


def test_a_mail_as_html_runs_nothing_and_belongs_to_no_site(county: County) -> None:
    mail = world.a_mail()
    county.shelf.mails = [mail]

    page = get(county, f"/mail/{mail.delivery.id}/html")

    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


READ = [state for state in STATES if not state.press and state.name != "away"]


@pytest.mark.parametrize("state", READ, ids=[state.name for state in READ])
def test_a_page_makes_at_most_three_calls(county: County, state: State) -> None:
    state.prepare(county)
    get(county, state.path)
    county.shelf.asked.clear()

    get(county, state.path)

    assert len(county.shelf.asked) <= MOST_CALLS, county.shelf.asked
