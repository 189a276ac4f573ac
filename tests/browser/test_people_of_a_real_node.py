"""Joining and choosing what others see, by keyboard alone before the real services."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from tests.browser.looking import tab_to
from tests.browsing import Browser
from tests.waiting import until
from tests.whole_nodes import WholeNode, a_whole_node


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("node")) as running:
        yield running


@pytest.fixture(scope="module")
def cath(node: WholeNode) -> Browser:
    """The convenor."""
    return node.signed_in(1, "Cath Example", ROLE_MEMBER, ROLE_CONVENOR)


@contextmanager
def at(chromium: Chromium, node: WholeNode, browser: Browser | None = None, width: int = 1280) -> Iterator[Page]:
    """A screen of somebody who never touches the mouse; `browser`: who is signed in already."""
    context = chromium.new_context(viewport={"width": width, "height": 800})
    for cookie in browser.http.cookies if browser else ():
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": node.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    context.close()


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name, most=150)
    page.keyboard.press(key)


def write(page: Page, name: str, words: str) -> None:
    tab_to(page, name, most=150)
    page.keyboard.press("ControlOrMeta+A")
    page.keyboard.type(words)


def headed(page: Page, words: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(words)


def sign_in(node: WholeNode, page: Page, name: str) -> None:
    page.goto(f"{node.url}/signin")
    press(page, "Skip to main content")
    press(page, "Sign in")
    expect(page.get_by_role("button", name=name)).to_be_visible()
    press(page, name)
    page.wait_for_url(f"{node.url}/")


def test_somebody_who_asks_to_join_is_vouched_for_and_is_in(node: WholeNode, cath: Browser, chromium: Chromium) -> None:
    node.accounts.add("Ida Example", "Night carer")
    with at(chromium, node, width=360) as phone, at(chromium, node, cath) as desk:
        sign_in(node, phone, "Ida Example")
        press(phone, "ask to join")
        headed(phone, "Ask to join")
        tab_to(phone, "Community")
        phone.keyboard.press("ArrowDown")
        write(phone, "Your name", "Ida Example")
        write(phone, "Where you work", "Oak House")
        write(phone, "How a convenor can know you", "I work nights with Cath.")
        press(phone, "Ask to join")
        headed(phone, "You have asked to join")

        desk.goto(node.url)
        press(desk, "1 person asks")
        headed(desk, "People who ask to join")
        press(desk, "Ida Example")
        headed(desk, "Ida Example asks to join")
        expect(desk.get_by_text("I work nights with Cath.")).to_be_visible()
        press(desk, "A new member", "Space")
        press(desk, "I know this person: let them in")
        expect(desk.get_by_role("alert")).to_contain_text("You vouched for them.")

        # That somebody is not a member yet is remembered for five seconds.
        until(lambda: _is_welcome(node, phone, "Ida Example"), "Ida is in", 15)


def _is_welcome(node: WholeNode, page: Page, name: str) -> bool:
    page.goto(node.url)
    return page.get_by_role("heading", name=f"Welcome, {name}").count() == 1


def test_who_hides_from_the_directory_is_found_by_convenors_only(
    node: WholeNode, cath: Browser, chromium: Chromium
) -> None:
    ben, dora = (node.signed_in(each, f"{name} Example", ROLE_MEMBER) for each, name in ((2, "Ben"), (3, "Dora")))
    ben.get("/")
    assert "Ben Example" in dora.get("/members").text

    with at(chromium, node, ben, width=360) as phone:
        phone.goto(f"{node.url}/shelf")
        press(phone, "Ben Example")
        headed(phone, "Your profile")
        press(phone, "Other members find me", "Space")
        press(phone, "My name stands beside", "Space")
        press(phone, "Save your profile")
        expect(phone.get_by_role("alert")).to_contain_text("Your profile is saved.")
        expect(phone.get_by_label("Other members find me in the directory")).not_to_be_checked()
        expect(phone.get_by_label("My name stands beside what I share beyond this county")).to_be_checked()

    assert "Ben Example" not in dora.get("/members").text
    assert "Ben Example" in cath.get("/members").text
