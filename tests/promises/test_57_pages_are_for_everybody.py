"""Promise 57: every page works with assistive technology, by keyboard, at 320 px, with wide text, without scripts."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import journeys, looking
from tests.browser.county import a_county
from tests.browser.states import AREAS, State
from tests.promises.promise import promise

Check = Callable[[Page], list[str]]
VARIANT = "embedded"
EACH = pytest.mark.parametrize("area", AREAS)


def _faults(chromium: Browser, check: Check, area: str, *, width: int = 1280, scripts: bool = True) -> Iterator[str]:
    for state in AREAS[area]:
        with a_county() as county:
            state.prepare(county)
            who = "priya" if state.signed_in else None
            with looking.a_page(chromium, county, who=who, width=width, java_script_enabled=scripts) as page:
                said = looking.against_policy(page)
                looking.enter(page, county, state)
                yield from (f"{state.name}: {fault}" for fault in [*check(page), *said])


def _report(name: str, area: str, faults: list[str], planted: list[str]) -> None:
    print("\n".join(faults))
    figures = f"states={len(AREAS[area])} faults={len(faults)} planted_caught={int(bool(planted))}/1"
    promise(57, VARIANT, f"{name}: {area}", not faults and len(planted) > 0, figures, 0)


def _planted(chromium: Browser, bug: str, check: Check, *, width: int = 1280) -> list[str]:
    """What the check says of the shelf with this bug in it."""
    state = State("planted", "/shelf")
    with a_county() as county, looking.a_page(chromium, county, width=width) as page:
        looking.enter(page, county, state)
        page.evaluate(bug)
        return check(page)


@pytest.mark.timeout(600)
@EACH
def test_no_page_or_state_has_a_serious_fault_for_assistive_technology(chromium: Browser, area: str) -> None:
    faults = list(_faults(chromium, lambda page: [*looking.axe_faults(page), *looking.structure_faults(page)], area))

    bug = "document.querySelector('label[for=q]').remove()"
    _report("axe serious 0", area, faults, _planted(chromium, bug, looking.axe_faults))


@pytest.mark.timeout(600)
@EACH
def test_every_page_fits_320_pixels_with_wide_text_and_no_horizontal_scroll(chromium: Browser, area: str) -> None:
    def check(page: Page) -> list[str]:
        narrow = looking.too_wide(page)
        looking.space_out(page)
        return [*narrow, *looking.too_wide(page), *looking.clipped(page)]

    faults = list(_faults(chromium, check, area, width=320))

    bug = "document.querySelector('h1').style.width = '400px'"
    _report("320 px and text spacing", area, faults, _planted(chromium, bug, check, width=320))


@pytest.mark.timeout(600)
@EACH
def test_every_page_says_the_same_without_scripts(chromium: Browser, area: str) -> None:
    def check(page: Page) -> list[str]:
        fields = "main form :is(button, input:not([type=hidden]), select, textarea):not(:visible)"
        # What a browser itself folds away opens without scripts.
        hidden = page.locator(f"{fields}:not(details *)").count()
        return [f"{hidden} fields cannot be reached"] if hidden else looking.too_wide(page)

    faults = list(_faults(chromium, check, area, scripts=False))

    bug = "document.querySelector('#q').hidden = true"
    _report("no JavaScript: pages", area, faults, _planted(chromium, bug, check))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_the_main_journeys_go_by_keyboard_alone(chromium: Browser, scripts: bool) -> None:
    done = 0
    for journey in journeys.BY_KEYBOARD:
        with (
            a_county() as county,
            looking.a_page(chromium, county, java_script_enabled=scripts) as page,
        ):
            journey(page, county)
            done += 1

    caught = _skip_a_field(chromium)
    name = "keyboard journeys" if scripts else "keyboard journeys, no JavaScript"
    promise(57, VARIANT, name, caught, f"journeys={done} planted_caught={int(caught)}/1", 0)


def _skip_a_field(chromium: Browser) -> bool:
    """Planted: a field that the keyboard does not reach."""
    with a_county() as county, looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}/shelf")
        page.evaluate("document.querySelector('#q').tabIndex = -1")
        with pytest.raises(AssertionError):
            looking.tab_to(page, "Search by words")
    return True
