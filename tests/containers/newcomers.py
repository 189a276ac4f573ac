"""Somebody who was invited: makes an account at the node's provider on the way in, is signed in, and begins."""

from datetime import date, timedelta
from typing import Any

from playwright.sync_api import APIResponse, Page

from tests.browser import looking

PASS_PHRASE = "a long phrase of words"


def comes_in(page: Page, link: str) -> None:
    """As Cath, whose account is called cath."""
    looking.go(page, link)
    page.get_by_role("button", name="Sign in and come back").click()
    page.get_by_role("link", name="Make an account").click()
    page.wait_for_url("**/login-actions/registration?**")
    told = {"username": "cath", "email": "cath@homes.example", "firstName": "Cath", "lastName": "Convenor"}
    for field, words in {**told, "password": PASS_PHRASE, "password-confirm": PASS_PHRASE}.items():
        page.locator(f"#{field}").fill(words)
    page.get_by_role("button", name="Make an account").click()
    page.get_by_role("button", name="Join as a member").click()
    page.wait_for_url(lambda url: "/invitation/" not in url)


def posts(address: str, page: Page, path: str, **body: Any) -> APIResponse:
    """As the page itself would, with the token of its forms."""
    token = page.locator("input[name=csrf_token]").first.get_attribute("value")
    answer = page.request.post(f"{address}{path}", data=body, headers={"X-CSRF-Token": token or ""})
    assert answer.ok, answer.text()
    return answer


def community(address: str, page: Page) -> str:
    return str(page.request.get(f"{address}/api/v1/me").json()["communities"][0]["communityId"])


def words() -> dict[str, Any]:
    return {
        "title": "Care homes, December", "kind": "MEETING_KIND_MONTHLY", "audience": "MEETING_AUDIENCE_COMMUNITY",
        "day": (date.today() + timedelta(days=14)).isoformat(), "starts": "14:00", "ends": "16:00",
        "venue": "Village Hall", "roomHolds": 20,
    }  # fmt: skip
