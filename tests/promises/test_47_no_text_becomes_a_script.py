"""Promise 47, for the pages there are: whatever words come from members or other counties, none of them runs."""

from contextlib import ExitStack
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looking, scripts, visits
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
    # Without our policy, which would hide a place that forgot to escape.
    with visits.Ground() as ground, looking.a_blank_page(chromium, bypass_csp=True) as page:
        for state in AREAS[area]:
            county = ground.ready_for(page, state)
            _poison(county)
            page.goto(county.address + state.path)
            executed += [state.name] if _ran(page) else []
            shown += scripts.RUN in page.content()

    figures = f"payloads={len(scripts.PAYLOADS)} states={len(AREAS[area])} shown_in={shown} executed={len(executed)}"
    promise(47, VARIANT, f"scripts in what others wrote: {area}", not executed and shown > 0, figures, 0)


@pytest.mark.timeout(600)
def test_no_words_in_an_address_run_as_a_script(chromium: Browser) -> None:
    executed, looked_at = [], 0
    with a_county() as county, ExitStack() as stack:
        # Side by side, because each is waited for.
        tabs = [stack.enter_context(looking.a_page(chromium, county, bypass_csp=True)) for _ in REFLECTED]
        for start in range(0, len(scripts.PAYLOADS), 20):
            packed = quote(" ".join(scripts.PAYLOADS[start : start + 20]), safe="")
            for tab, address in zip(tabs, REFLECTED, strict=True):
                tab.goto(county.address + address.format(packed))
                looked_at += 1
            executed += [address for tab, address in zip(tabs, REFLECTED, strict=True) if _ran(tab)]

    figures = f"payloads={len(scripts.PAYLOADS)} addresses={looked_at} executed={len(executed)}"
    promise(47, VARIANT, "scripts in addresses", not executed, figures, 0)


@pytest.mark.timeout(300)
def test_words_that_a_page_forgot_to_escape_are_caught(chromium: Browser) -> None:
    """Planted: each of the payloads unescaped, in a frame of its own."""
    page = chromium.new_page()
    page.goto("about:blank")
    frame = "text => { const one = document.createElement('iframe'); one.srcdoc = text; document.body.append(one); }"
    for payload in scripts.PAYLOADS:
        page.evaluate(frame, f"<!doctype html><p>{payload}</p>")
    page.wait_for_load_state("networkidle")
    live = sum(bool(one.evaluate("window.ran === 1")) for one in page.main_frame.child_frames)
    page.close()

    figures = f"payloads={len(scripts.PAYLOADS)} caught={live}"
    promise(47, VARIANT, "scripts, planted: a page that does not escape", live > 100, figures, 0)
