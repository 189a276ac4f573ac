"""Promise 47, for the pages there are: whatever words come from members or other counties, none of them runs."""

from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looking, scripts
from tests.browser.county import County, a_county
from tests.browser.states import AREAS
from tests.promises.promise import promise

VARIANT = "embedded"
# Addresses that a page shows again.
REFLECTED = (
    "/shelf?q={}",
    "/shelf?topic={}",
    "/nowhere/{}",
    "/signin?next=/{}",
    "/invitation/{}",
    "/l/{}",
    "/resources/new?adapted_from={}",
    "/meetings/new?id={}",
    "/meetings?page={}",
)


def _poison(county: County) -> None:
    shelf = county.shelf
    held = [*shelf.resources.values(), *shelf.drafts, *shelf.adoptions, *shelf.quarantined, *shelf.mails, shelf.status]
    held += [*shelf.meetings.messages(), *shelf.deliveries, shelf.figures.pulse]
    for one in [*held, *([shelf.provenance] if shelf.provenance else [])]:
        scripts.poison(one)
    scripts.poison(shelf.links.meeting)


def _ran(page: Page) -> bool:
    # Handlers of pictures that do not load come a little later than the page.
    page.wait_for_load_state("networkidle")
    return bool(page.evaluate("window.ran === 1"))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("area", AREAS)
def test_no_words_of_members_or_other_counties_run_as_a_script(chromium: Browser, area: str) -> None:
    executed, shown = [], 0
    for state in AREAS[area]:
        with a_county() as county:
            state.prepare(county)
            _poison(county)
            who = "priya" if state.signed_in else None
            # Without our policy, which would hide a place that forgot to escape.
            with looking.a_page(chromium, county, who=who, bypass_csp=True) as page:
                page.goto(county.address + state.path)
                executed += [state.name] if _ran(page) else []
                shown += scripts.RUN in page.content()

    live = _planted(chromium)
    figures = f"payloads={len(scripts.PAYLOADS)} states={len(AREAS[area])} shown_in={shown} executed={len(executed)}"
    figures = f"{figures} planted_caught={live}"
    promise(47, VARIANT, f"scripts in what others wrote: {area}", not executed and live > 100 and shown > 0, figures, 0)


@pytest.mark.timeout(600)
def test_no_words_in_an_address_run_as_a_script(chromium: Browser) -> None:
    executed, looked_at = [], 0
    with a_county() as county, looking.a_page(chromium, county, bypass_csp=True) as page:
        for address in REFLECTED:
            for start in range(0, len(scripts.PAYLOADS), 20):
                packed = quote(" ".join(scripts.PAYLOADS[start : start + 20]), safe="")
                page.goto(county.address + address.format(packed))
                looked_at += 1
                executed += [address] if _ran(page) else []

    figures = f"payloads={len(scripts.PAYLOADS)} addresses={looked_at} executed={len(executed)}"
    promise(47, VARIANT, "scripts in addresses", not executed, figures, 0)


def _planted(chromium: Browser) -> int:
    """How many of the payloads run where a page does not escape them: each in a frame of its own."""
    page = chromium.new_page()
    page.goto("about:blank")
    frame = "text => { const one = document.createElement('iframe'); one.srcdoc = text; document.body.append(one); }"
    for payload in scripts.PAYLOADS:
        page.evaluate(frame, f"<!doctype html><p>{payload}</p>")
    page.wait_for_load_state("networkidle")
    live = sum(bool(one.evaluate("window.ran === 1")) for one in page.main_frame.child_frames)
    page.close()
    return live
