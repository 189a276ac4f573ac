"""Keycloak's own pages, as people meet them on the way in: in Fosse's look and words, for everybody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from services.common.ids import new_id
from services.node.setup.realm import MailServer
from tests.browser import looking
from tests.keycloak import PASS_PHRASE, Browser, Keycloak
from tests.mail_server import MailServer as Post

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(400)]
PUBLIC = "https://notts.example"


@pytest.fixture
def realm(keycloak: Keycloak) -> Iterator[Keycloak]:
    with Post() as post:
        keycloak.prepare(PUBLIC, MailServer("127.0.0.1", post.port, "none", "fosse@notts.example"))
        yield keycloak
    keycloak.prepare(PUBLIC)


def _open(page: Page, keycloak: Keycloak) -> None:
    page.context.clear_cookies()
    page.goto(Browser(keycloak, PUBLIC).asked)


def _sign_in(page: Page, name: str, password: str) -> None:
    page.fill("#username", name)
    page.fill("#password", password)
    page.get_by_role("button", name="Sign in").click()


def test_without_javascript_people_sign_in_all_the_same(chromium: Chromium, realm: Keycloak) -> None:
    name = f"mia-{new_id()[:8]}"
    realm.add_account(name)

    with looking.a_blank_page(chromium, ignore_https_errors=True, java_script_enabled=False) as page:
        page.route(f"{PUBLIC}/**", lambda route: route.fulfill(body="back"))
        _open(page, realm)
        shown = page.get_by_role("button").all_inner_texts()
        _sign_in(page, name, PASS_PHRASE)
        page.wait_for_url(f"{PUBLIC}/**")

    assert shown == ["Sign in"]
