"""Pages of figures before stand-in services: numbers lead to what they count, charts say what tables say."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from fosse.evaluation.v1 import evaluation_pb2 as pb
from tests.browser import looking
from tests.browser.county import County, a_county
from tests.browser.standins.figures import a_pulse, a_region, new_series
from tests.browser.states.figures import PULSE


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        yield running


def test_each_number_opens_to_what_it_counts(chromium: Browser, county: County) -> None:
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/figures")

        page.get_by_role("link", name="Refused a place, between 1 and 7 in August 2026: what it counts").click()

        expect(page.get_by_role("heading", level=1)).to_have_text("Refused a place")
        expect(page.get_by_text("What it counts in two sentences at most.")).to_be_visible()
        expect(page.get_by_text("not shown, so that nobody can be recognised").first).to_be_visible()


def test_the_table_says_the_same_numbers_as_the_chart(chromium: Browser, county: County) -> None:
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/figures/refused_places")

        drawn = page.locator(".fosse-chart__number").all_text_contents()
        told = page.locator(".fosse-by-month td strong").all_text_contents()

        # Months without anybody have no bar and no number above it.
        assert drawn == ["*", "*", "*", "10", "*", "*", "10", "*"]
        assert [number for number in reversed(told) if number != "0"] == drawn


def test_a_new_county_reads_what_will_stand_here_and_from_when(chromium: Browser, county: County) -> None:
    county.shelf.figures.series = new_series()
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/figures")

        expect(page.get_by_text("will stand here as soon as a meeting was held")).to_be_visible()
        expect(page.locator("main svg, main table")).to_have_count(0)
        page.get_by_role("link", name="Refused a place").click()
        expect(page.get_by_text("What it counts in two sentences at most.")).to_be_visible()


@pytest.mark.parametrize("first", [{"members": 10}, {"meetings": 1}, {"resources_adopted": 1}], ids=list)
def test_from_the_first_number_on_all_figures_are_shown(
    chromium: Browser, county: County, first: dict[str, int]
) -> None:
    county.shelf.figures.series = new_series(**first)
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/figures")

        expect(page.locator("main svg")).to_have_count(8)
        expect(page.get_by_role("region", name="All figures by month")).to_be_visible()


def test_months_asked_for_by_name_are_shown_also_where_nothing_happened(chromium: Browser, county: County) -> None:
    county.shelf.figures.series = new_series()
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/figures?until=2026-08")

        expect(page.locator("main svg")).to_have_count(8)


def test_a_pulse_is_answered_by_keyboard_and_thanked_for(chromium: Browser, county: County) -> None:
    county.shelf.figures.pulse.CopyFrom(a_pulse(may_answer=True))
    with looking.a_page(chromium, county, width=360, java_script_enabled=False) as page:
        page.goto(county.address + PULSE)

        looking.tab_to(page, "5, very much")
        page.keyboard.press("Space")
        looking.tab_to(page, "Yes")
        page.keyboard.press("Space")
        looking.tab_to(page, "One thing to do better")
        page.keyboard.type("Start on time.")
        looking.tab_to(page, "Send my answer")
        page.keyboard.press("Enter")

        expect(page.get_by_text("Thank you. Your answer is kept without your name.")).to_be_visible()
        expect(page.get_by_role("button", name="Send my answer")).to_have_count(0)
    said = next(one for one in county.shelf.asked if isinstance(one, pb.AnswerPulseRequest))
    assert (said.worth, said.change, said.better) == (5, pb.CHANGE_YES, "Start on time.")


def test_the_hub_shows_each_county_and_names_the_one_that_is_missing(chromium: Browser, county: County) -> None:
    county.shelf.figures.region = a_region()
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/region/figures")

        expect(page.get_by_text("Leicestershire has sent nothing for August 2026 yet")).to_be_visible()
        table = page.get_by_role("region", name="Attendance by county and month")
        expect(table.get_by_role("rowheader")).to_have_text(["The region", "Nottinghamshire", "Derbyshire"])
        expect(table.get_by_role("columnheader").first).to_have_text("Aug 2026")
