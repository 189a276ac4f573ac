"""Looking at a page as people do: opened in a state, checked for faults, walked by keyboard."""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Request

from tests.browser.county import County
from tests.browser.states import State
from tests.waiting import until

T = TypeVar("T")
_NETWORK_CHANGED = "ERR_NETWORK_CHANGED"
_STAY_S, _CHANGES_END_S = 3.0, 240.0
SERIOUS = {"serious", "critical"}
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    # Every fault with all its places; of what is in order it would otherwise tell each place too.
    "resultTypes": ["violations"],
}
# WCAG 2.2, 1.4.12.
SPACING = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
_CLIPPED = """() => [...document.querySelectorAll('main *, header *, footer *')].filter(one => {
  const style = getComputedStyle(one), box = one.getBoundingClientRect();
  if (box.width < 2 || box.height < 2 || !one.textContent.trim() || one.closest('svg, select')) return false;
  const cut = (over, inner, outer) => (over === 'hidden' || over === 'clip') && inner > outer + 2;
  return cut(style.overflowX, one.scrollWidth, one.clientWidth)
    || cut(style.overflowY, one.scrollHeight, one.clientHeight);
}).map(one => one.className || one.tagName)"""
_STRUCTURE = """() => ({
  h1: document.querySelectorAll('h1').length,
  lang: document.documentElement.lang,
  title: document.title,
  main: document.querySelectorAll('main#maincontent').length,
  skip: !!document.querySelector('a[href="#maincontent"]'),
  inline: document.querySelectorAll('[style], style, script:not([src])').length,
  foreign: [...document.querySelectorAll('[src], link[href]')].map(one => one.src || one.href)
    .filter(url => !url.startsWith(location.origin)),
  ids: [...document.querySelectorAll('[id]')].map(one => one.id).filter((id, at, all) => all.indexOf(id) !== at),
})"""
_FOCUSED = """() => {
  const one = document.activeElement, label = one.labels && one.labels[0], style = getComputedStyle(one);
  return {
    name: (one.getAttribute('aria-label') || (label && label.innerText) || one.innerText || one.value || '').trim(),
    seen: style.boxShadow !== 'none' || style.outlineStyle !== 'none' || !!label,
  };
}"""


@contextmanager
def a_page(
    chromium: Browser, county: County, *, who: str | None = "priya", width: int = 1280, **options: Any
) -> Iterator[Page]:
    """A page in a browser of its own; `who` is signed in."""
    with a_blank_page(chromium, width=width, **options) as page:
        if who:
            page.context.add_cookies([county.sign_in(who)])  # type: ignore[list-item]  # playwright's own dictionary
        yield page


@contextmanager
def a_blank_page(chromium: Browser, *, width: int = 1280, **options: Any) -> Iterator[Page]:
    """A page in a browser of its own; `options` are those of playwright's context."""
    context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
    try:
        yield context.new_page()
    finally:
        context.close()


def go(page: Page, address: str) -> None:
    """Opens it; again where Chromium saw a network come or go meanwhile: containers beside it bring theirs."""
    end = time.monotonic() + _CHANGES_END_S
    while True:
        try:
            page.goto(address)
            return
        except Error as error:
            if _NETWORK_CHANGED not in str(error) or time.monotonic() > end:
                raise
        _until_networks_stay()


def walked(chromium: Browser, walk: Callable[[Page], T], **options: Any) -> T:
    """What `walk` brings back, on a page of its own; begun anew where Chromium saw a network come or go on the way,
    for it drops what it was about to read: a form that is sent cannot be sent once more in the middle.
    """
    end = time.monotonic() + _CHANGES_END_S
    while True:
        with a_blank_page(chromium, **options) as page:
            dropped = _dropped(page)
            try:
                found = walk(page)
                if not dropped:
                    return found
            except Error as error:
                if not dropped and _NETWORK_CHANGED not in str(error):
                    raise
        assert time.monotonic() < end, "the machine's network never stayed as it was for a whole walk"
        _until_networks_stay()


def _until_networks_stay() -> None:
    """Those of a whole compose project come and go within half a minute."""
    seen: list[tuple[float, list[str]]] = []

    def stay() -> bool:
        now = time.monotonic()
        if not seen or seen[-1][1] != _networks():
            seen.append((now, _networks()))
        return now - seen[-1][0] > _STAY_S

    until(stay, "no network comes or goes", _CHANGES_END_S)


def _networks() -> list[str]:
    return sorted(os.listdir("/sys/class/net"))


def _dropped(page: Page) -> list[str]:
    """A list that fills with what Chromium leaves unread because a network came or went."""
    dropped: list[str] = []

    def note(asked: Request) -> None:
        if _NETWORK_CHANGED in (asked.failure or ""):
            dropped.append(asked.url)

    page.on("requestfailed", note)
    return dropped


def enter(page: Page, county: County, state: State) -> None:
    """Opens the state's page and does there what the state says."""
    go(page, county.address + state.path)
    for name, value in state.fill:
        page.fill(f"[name={name}]", value)
    if state.press:
        page.get_by_role("button", name=state.press).click()
        page.wait_for_load_state()


def against_policy(page: Page) -> list[str]:
    """A list that fills with what the browser refuses to do for our pages."""
    said: list[str] = []
    page.on("console", lambda told: said.append(told.text) if "Content Security Policy" in told.text else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def axe_faults(page: Page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [f"{one['id']} at {one['nodes'][0]['target']}" for one in found if one["impact"] in SERIOUS]


def structure_faults(page: Page) -> list[str]:
    found = page.evaluate(_STRUCTURE)
    wanted = {"h1": 1, "main": 1, "lang": "en-GB", "skip": True, "inline": 0, "foreign": [], "ids": []}
    faults = [f"{name} is {found[name]!r}" for name, value in wanted.items() if found[name] != value]
    return (
        faults if re.fullmatch(r"\S.* \u2013 Fosse", found["title"]) else [*faults, f"the title is {found['title']!r}"]
    )


def too_wide(page: Page) -> list[str]:
    inner, outer = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    return [f"{inner} px wide on a screen of {outer} px"] if inner > outer else []


def clipped(page: Page) -> list[str]:
    return [f"text is cut off in {one}" for one in page.evaluate(_CLIPPED)]


def space_out(page: Page) -> None:
    page.evaluate(
        "css => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css); document.adoptedStyleSheets = [sheet]; }",
        SPACING,
    )


def tab_to(page: Page, name: str, *, most: int = 80) -> None:
    """Presses Tab until something of this name has the focus; each stop on the way must be visible."""
    for _ in range(most):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        assert focused["seen"], f"the focus on {focused['name']!r} cannot be seen"
        if name.lower() in focused["name"].lower():
            return
    raise AssertionError(f"{most} times Tab did not lead to {name!r}")
