"""Promise 57: every page works with assistive technology, by keyboard, at 320 px, with wide text, without scripts."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import journeys, looking, visits
from tests.browser.county import a_county
from tests.browser.states import AREAS, State
from tests.promises.promise import promise

VARIANT = "embedded"
EACH = pytest.mark.parametrize("area", AREAS)
Check = Callable[[Page], list[str]]


@dataclass(frozen=True)
class Look:
    """What is looked for, through which browser; `bug` puts a fault into the shelf that `notice` must find."""

    name: str
    check: Check
    bug: str
    notice: Check
    width: int = 1280
    scripts: bool = True

    def keep(self, chromium: Browser, area: str) -> None:
        """Looks at every state of the area, then at the bug."""
        options = {"width": self.width, "java_script_enabled": self.scripts}
        with visits.Ground() as ground, looking.a_blank_page(chromium, **options) as page:
            said = looking.against_policy(page)
            faults = [fault for state in AREAS[area] for fault in self._faults(page, said, ground, state)]
            caught = self._caught(page, ground)
        print("\n".join(faults))
        figures = f"states={len(AREAS[area])} faults={len(faults)} planted_caught={int(caught)}/1"
        promise(57, VARIANT, f"{self.name}: {area}", not faults and caught, figures, 0)

    def _faults(self, page: Page, said: list[str], ground: visits.Ground, state: State) -> list[str]:
        said.clear()
        looking.enter(page, ground.ready_for(page, state), state)
        return [f"{state.name}: {fault}" for fault in [*self.check(page), *said]]

    def _caught(self, page: Page, ground: visits.Ground) -> bool:
        state = State("planted", "/shelf")
        looking.enter(page, ground.ready_for(page, state), state)
        page.evaluate(self.bug)
        return len(self.notice(page)) > 0


def _too_narrow(page: Page) -> list[str]:
    narrow = looking.too_wide(page)
    looking.space_out(page)
    return [*narrow, *looking.too_wide(page), *looking.clipped(page)]


def _out_of_reach(page: Page) -> list[str]:
    fields = "main form :is(button, input:not([type=hidden]), select, textarea):not(:visible)"
    # What a browser itself folds away opens without scripts.
    hidden = page.locator(f"{fields}:not(details *)").count()
    return [f"{hidden} fields cannot be reached"] if hidden else looking.too_wide(page)


@pytest.mark.timeout(600)
@EACH
def test_no_page_or_state_has_a_serious_fault_for_assistive_technology(chromium: Browser, area: str) -> None:
    def check(page: Page) -> list[str]:
        return [*looking.axe_faults(page), *looking.structure_faults(page)]

    bug = "document.querySelector('label[for=q]').remove()"
    Look("axe serious 0", check, bug, looking.axe_faults).keep(chromium, area)


@pytest.mark.timeout(600)
@EACH
def test_every_page_fits_320_pixels_with_wide_text_and_no_horizontal_scroll(chromium: Browser, area: str) -> None:
    bug = "document.querySelector('h1').style.width = '400px'"
    Look("320 px and text spacing", _too_narrow, bug, _too_narrow, width=320).keep(chromium, area)


@pytest.mark.timeout(600)
@EACH
def test_every_page_says_the_same_without_scripts(chromium: Browser, area: str) -> None:
    bug = "document.querySelector('#q').hidden = true"
    Look("no JavaScript: pages", _out_of_reach, bug, _out_of_reach, scripts=False).keep(chromium, area)


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
