"""Somebody who was invited: makes an account at the node's provider on the way in, and is signed in."""

from playwright.sync_api import Page

PASS_PHRASE = "a long phrase of words"


def comes_in(page: Page, link: str) -> None:
    """As Cath, whose account is called cath."""
    page.goto(link)
    page.get_by_role("button", name="Sign in and come back").click()
    page.get_by_role("link", name="Register").click()
    page.wait_for_url("**/login-actions/registration?**")
    told = {"username": "cath", "email": "cath@homes.example", "firstName": "Cath", "lastName": "Convenor"}
    for field, words in {**told, "password": PASS_PHRASE, "password-confirm": PASS_PHRASE}.items():
        page.locator(f"#{field}").fill(words)
    page.get_by_role("button", name="Register").click()
    page.get_by_role("button", name="Join as a member").click()
    page.wait_for_url(lambda url: "/invitation/" not in url)
