"""One person at their browser, signed in at a node: pages for what people do, the JSON API for loading many things."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.node.demo.browser import Browser, File
from services.node.demo.page import Form, Page, Unexpected
from services.node.demo.waiting import until

_LONGEST_S = 30.0
# The first page after a start takes a provider long on a small machine.
_WARMING_UP_S = 60.0


Way = Callable[[Browser, Page], Page]
"""Through the provider: from its first page to the one it leads back to."""


def chosen(subject: str) -> Way:
    """Off the list of the built-in sign-in."""
    return lambda browser, page: browser.submit(page.form(having="subject"), {"subject": subject})


class Person:
    def __init__(self, address: str, way: Way, authority: Path | None = None) -> None:
        self.address = address
        self.browser = Browser(authority)
        self._way = way
        self._csrf = ""

    def sign_in(self, then: str = "/") -> Page:
        """By the page, the provider, and back; answers the page `then`."""
        asked = until(lambda: self._provider(then), _WARMING_UP_S, f"The sign-in page of {self.address}")
        page = self._way(self.browser, asked)
        self._csrf = next((form.value("csrf_token") for form in page.forms if form.value("csrf_token")), "")
        if not self._csrf:
            raise Unexpected(f"No form for a signed-in person on {page.glimpse()}")
        return page

    def _provider(self, then: str) -> Page | None:
        """Its first page; nothing while it does not answer."""
        asked = self.browser.get(f"{self.address}/signin?next={then}")
        page = self.browser.submit(asked.form(leads_to="/signin"), expect=None)
        return None if page.status == 503 else page

    def accept(self, code: str) -> Page:
        """Signs in and accepts an invitation."""
        page = self.sign_in(f"/invitation/{code}")
        return self.browser.submit(page.form(leads_to=f"/invitation/{code}"))

    def page(self, path: str, expect: int | None = 200) -> Page:
        return self.browser.get(self.address + path, expect)

    def status(self, path: str) -> int:
        return self.page(path, expect=None).status

    def submit(self, form: Form, **fields: str | list[str]) -> Page:
        return self.browser.submit(form, fields)

    def write(self, title: str, summary: str) -> str:
        """Starts a leaflet; answers its id."""
        form = self.page("/resources/new").form(having="title")
        self.submit(
            form, title=title, summary=summary, type="information_leaflet", topics=["hydration"], readers=["families"]
        )
        return form.value("id")

    def add_file(self, resource: str, content: bytes) -> None:
        form = self.page(f"/resources/{resource}/files/new").form(having="file")
        file = ("thirsty-in-the-afternoon.pdf", content, "application/pdf")
        words = {"title": "The leaflet", "licence": "CC-BY-4.0", "may_be_adapted": "yes"}
        self.browser.submit(form, words, files={"file": file})

    def publish(self, resource: str, audience: str) -> Page:
        """Chooses, reads who that is, confirms; answers the page that said who would read it."""
        choice = self.page(f"/resources/{resource}/publish").form(having="audience")
        seen = self.submit(choice, audience=audience)
        done = self.submit(seen.form(leads_to="/publish"))
        if "published" not in done.words:
            raise Unexpected(f"Not published: {done.glimpse()}")
        return seen

    def book_for(self, member_id: str, meeting_id: str, request_id: str, *, wish: int, needs: str = "") -> Page:
        """Asks for a place for a member without an account; answers the list of places."""
        form = self.page(f"/meetings/{meeting_id}/places/for").form(having="member_id")
        return self.submit(form, id=request_id, member_id=member_id, act="book", wish=str(wish), access_needs=needs)

    def search(self, words: str) -> list[str]:
        """Titles on the shelf's first page."""
        page = self.submit(self.page("/shelf").form(having="q"), q=words)
        return [title for address, title in page.links if "/resources/" in address]

    def download_link(self, resource: str) -> str:
        """Nothing while the file is on its way."""
        links = self.page(f"/resources/{resource}").links
        return next((address for address, words in links if words.startswith("Download")), "")

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """One call of the JSON API; nothing for what is not there."""
        return self._api(method, path, json=body)

    def upload(self, path: str, file: File, words: dict[str, str]) -> dict[str, Any]:
        return self._api("POST", path, data=words, files={"file": file}) or {}

    def _api(self, method: str, path: str, **content: Any) -> dict[str, Any] | None:
        answer = self.browser.session.request(
            method, f"{self.address}/api/v1{path}", headers={"X-CSRF-Token": self._csrf}, timeout=_LONGEST_S, **content
        )
        if answer.status_code == 404 and method == "GET":
            return None
        if answer.status_code != 200:
            raise Unexpected(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
        found: dict[str, Any] = answer.json()
        return found
