"""Keycloak's own pages, as people meet them on the way in: in Fosse's look and words, for everybody."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page

from services.common.ids import new_id
from services.node.setup import accounts
from services.node.setup.realm import MailServer
from tests.browser import looking
from tests.keycloak import PASS_PHRASE, Browser, Keycloak, one_time
from tests.mail_server import MailServer as Post
from tests.rules.tree import ROOT

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(400)]
PUBLIC = "https://notts.example"
_PAGES = 15


@pytest.fixture
def realm(keycloak: Keycloak) -> Iterator[Keycloak]:
    with Post() as post:
        keycloak.prepare(PUBLIC, MailServer("127.0.0.1", post.port, "none", "fosse@notts.example"))
        yield keycloak
    keycloak.prepare(PUBLIC)


def pages_on_the_way_in(page: Page, keycloak: Keycloak) -> Iterator[str]:
    """Walks through them all by their forms and links; says at each stop which it is."""
    convenor, lost = (f"{name}-{new_id()[:8]}" for name in ("cath", "paul"))
    keycloak.add_account(convenor, "convenor")
    keycloak.add_account(lost)
    page.route(f"{PUBLIC}/**", lambda route: route.fulfill(body="back"))
    yield from _before_signing_in(page, keycloak)
    yield from _a_convenor_signs_in(page, keycloak, convenor)
    _open(page, keycloak)
    _sign_in(page, lost, accounts.new_password(keycloak.secrets, keycloak.address, lost))
    yield "a new password"


def _before_signing_in(page: Page, keycloak: Keycloak) -> Iterator[str]:
    _open(page, keycloak)
    yield "sign in"
    _sign_in(page, "nobody", "wrong")
    yield "a wrong password"
    page.get_by_role("link", name="Forgotten your password?").click()
    yield "a forgotten password"
    page.fill("#username", "nobody")
    page.get_by_role("button", name="Continue").click()
    yield "a mail is on its way"
    page.get_by_role("link", name="Make an account").click()
    page.get_by_text(f"at least {_shortest()} characters").wait_for()
    yield "make an account"
    page.fill("#password", "short")
    page.get_by_role("button", name="Make an account").click()
    yield "an account that lacks much"
    page.goto(f"{keycloak.issuer}/protocol/openid-connect/auth?client_id=nobody")
    yield "an address that leads nowhere"


def _a_convenor_signs_in(page: Page, keycloak: Keycloak, name: str) -> Iterator[str]:
    _open(page, keycloak)
    _sign_in(page, name, PASS_PHRASE)
    yield "one-time codes are set up"
    secret = page.locator("#totpSecret").get_attribute("value") or ""
    page.get_by_role("link", name="show letters and digits").click()
    yield "one-time codes are set up by hand"
    page.fill("#totp", "000000")
    page.get_by_role("button", name="Continue").click()
    yield "a wrong code at first"
    secret = page.locator("#totpSecret").get_attribute("value") or secret
    page.fill("#totp", one_time(secret.encode()))
    page.fill("#userLabel", "telephone")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url(f"{PUBLIC}/**")
    page.goto(f"{keycloak.issuer}/protocol/openid-connect/logout")
    yield "sign out"
    page.get_by_role("button", name="Sign out").click()
    yield "signed out"
    _open(page, keycloak)
    _sign_in(page, name, PASS_PHRASE)
    yield "a one-time code"
    page.fill("#otp", "000000")
    page.get_by_role("button", name="Sign in").click()
    yield "a wrong code"


def _shortest() -> str:
    """Of the passwords that the realm takes."""
    policy: str = json.loads((ROOT / "deploy/keycloak/fosse-realm.json").read_text())["passwordPolicy"]
    return policy.partition("length(")[2].partition(")")[0]


def _open(page: Page, keycloak: Keycloak) -> None:
    page.context.clear_cookies()
    looking.go(page, Browser(keycloak, PUBLIC).asked)


def _sign_in(page: Page, name: str, password: str) -> None:
    page.fill("#username", name)
    page.fill("#password", password)
    page.get_by_role("button", name="Sign in").click()


def test_every_page_on_the_way_in_is_for_everybody_and_calls_nobody_else(chromium: Chromium, realm: Keycloak) -> None:
    faults = looking.walked(chromium, lambda page: _faults_of_all(page, realm), width=320, ignore_https_errors=True)

    assert faults == []


def _faults_of_all(page: Page, keycloak: Keycloak) -> list[str]:
    found: list[str] = []
    seen = 0
    page.on("request", lambda asked: found.append(asked.url) if _is_elsewhere(asked.url, keycloak) else None)
    for name in pages_on_the_way_in(page, keycloak):
        seen += 1
        # With its style sheets: a page that was sent for is not always there.
        page.wait_for_load_state("networkidle")
        faults = (*looking.axe_faults(page), *looking.too_wide(page), *_not_ours(page))
        found += [f"{name}: {each}" for each in faults]
    return found if seen == _PAGES else [*found, f"{seen} pages"]


def _is_elsewhere(url: str, keycloak: Keycloak) -> bool:
    return not url.startswith((keycloak.address, PUBLIC, "data:", "chrome-error:"))


def _not_ours(page: Page) -> list[str]:
    """Words that Keycloak says and we do not, and pages without our frame."""
    said = page.inner_text("body")
    found = re.findall(r"Keycloak|[Ll]og ?in|[Ll]ogged|[Uu]sername|credential|[Ii]nvalid", said)
    return found + ([] if page.locator(".fosse-header").count() == 1 else ["without the frame"])


def test_without_javascript_people_sign_in_all_the_same(chromium: Chromium, realm: Keycloak) -> None:
    name = f"mia-{new_id()[:8]}"
    realm.add_account(name)

    options = {"ignore_https_errors": True, "java_script_enabled": False}
    shown = looking.walked(chromium, lambda page: _buttons_on_the_way(page, realm, name), **options)

    assert shown == ["Sign in"]


def _buttons_on_the_way(page: Page, keycloak: Keycloak, name: str) -> list[str]:
    page.route(f"{PUBLIC}/**", lambda route: route.fulfill(body="back"))
    _open(page, keycloak)
    shown = page.get_by_role("button").all_inner_texts()
    _sign_in(page, name, PASS_PHRASE)
    page.wait_for_url(f"{PUBLIC}/**")
    return shown
