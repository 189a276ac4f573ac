"""Signing in and out in a real browser, which keeps cookies and applies our content security policy as people's do."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_somebody_invited_joins_signs_out_and_is_out(web: Web, page: Page) -> None:
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Security Policy" in said.text else None)
    path = web.a_member(1, "Ann Example")

    page.goto(web.url + path)
    page.get_by_role("button", name="Sign in and come back").click()
    page.get_by_role("button", name="Ann Example").click()
    page.get_by_role("button", name="Join as a member").click()
    expect(page).to_have_url(f"{web.url}/")
    kept = page.evaluate("[document.cookie, localStorage.length, sessionStorage.length]")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()

    assert kept == ["", 0, 0]
    assert refused == []
    assert page.goto(f"{web.url}/api/v1/me").status == 401  # type: ignore[union-attr]  # there is an answer
