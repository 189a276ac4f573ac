"""Promise 41: no token reaches a browser: not in a page, a header, an address or a cookie, nor in what scripts keep."""

import base64
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import flask
import pytest
import requests

import gateway.app
from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from gateway.callers import caller
from gateway.settings import Settings
from tests.browsing import Browser
from tests.members import COMMUNITY, tokens_of
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.whole_nodes import WholeNode, a_whole_node

SEED = 41
# A part that begins with {" in front of two others: what a JSON Web Token looks like, whoever made it.
THREE_PARTS = re.compile(r"(eyJ[\w-]{8,})\.[\w-]+\.[\w-]*")
KEPT_BY_SCRIPTS = re.compile(r"localStorage|sessionStorage|indexedDB|document\.cookie")
STATIC = Path(gateway.__file__).parent / "static"
SOME_PAGES = ("/", "/shelf", "/resources/new", "/signin", "/about", "/nothing", "/invitation/0123")
SOME_ADDRESSES = ("/api/v1/me", "/api/v1/drafts", "/api/v1/federation", "/api/v1/deliveries", "/api/v1/openapi.json")


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in {"href", "src"} and value]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("n")) as node:
        yield node


def walked(browser: Browser) -> list[requests.Response]:
    """Every page that can be reached by links from the first ones, as far as this node leads."""
    here, seen = browser.url, set[str]()
    waiting = [here + path for path in (*SOME_PAGES, *SOME_ADDRESSES)]
    while waiting:
        address = waiting.pop()
        if address in seen or not address.startswith(here):
            continue
        seen.add(address)
        answer = browser.get(address)
        links = Links()
        links.feed(answer.text if "html" in answer.headers.get("Content-Type", "") else "")
        told = [answer.headers["Location"]] if "Location" in answer.headers else []
        waiting += [urldefrag(urljoin(address, link)).url for link in (*links.found, *told)]
    return browser.seen


def leaks(answers: list[requests.Response], secrets: set[str]) -> Counter[str]:
    """Where a token stands: `path place` for each."""
    found: Counter[str] = Counter()
    for answer in answers:
        places = {"address": answer.url, "page": answer.text, "headers": repr(answer.headers)}
        for place, text in places.items():
            plain = unquote(text)
            if any(names_algorithm(part) for part in THREE_PARTS.findall(plain)) or any(
                secret in plain for secret in secrets
            ):
                found[f"{urlsplit(answer.url).path} {place}"] += 1
    return found


def names_algorithm(part: str) -> bool:
    """A token's header does; what Flask keeps in its own cookie to say once after a change does not."""
    return b'"alg"' in base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def secrets_of(node: WholeNode, browser: Browser) -> set[str]:
    tokens = tokens_of(node.gateway, browser, datetime.now(UTC))
    return {tokens.access, tokens.refresh, tokens.pass_}


def a_convenor_at_work(node: WholeNode, number: int, name: str) -> Browser:
    """Signs in, drafts a resource, looks at every page, signs out and in again."""
    browser = node.signed_in(number, name, ROLE_MEMBER, ROLE_CONVENOR)
    written = {"id": f"{number:032x}", "community": COMMUNITY, "title": "Falls at night"}
    browser.send("/resources/new", f"/resources/new?id={written['id']}", **written)
    walked(browser)
    return browser


def in_the_page(response: flask.Response) -> flask.Response:
    if response.mimetype == "text/html" and not response.direct_passthrough:
        response.set_data(response.get_data() + f"<!-- {caller().pass_} -->".encode())
    return response


def in_a_cookie(response: flask.Response) -> flask.Response:
    response.set_cookie("pass", caller().pass_)
    return response


def in_a_header(response: flask.Response) -> flask.Response:
    session = caller().session
    response.headers["X-Debug"] = session.tokens.refresh if session else ""
    return response


def in_an_address(response: flask.Response) -> flask.Response:
    session = caller().session
    if session and "Location" in response.headers:
        response.headers["Location"] += f"?id_token_hint={session.tokens.access}"
    return response


BUGS: dict[str, Callable[[flask.Response], flask.Response]] = {
    "page": in_the_page, "cookie": in_a_cookie, "header": in_a_header, "address": in_an_address,
}  # fmt: skip


def caught_with(folder: Path, bug: Callable[[flask.Response], flask.Response]) -> int:
    """A node whose every answer carries the bug, walked in the same way."""
    sound = gateway.app.create_app

    def broken(given: Settings) -> flask.Flask:
        app = sound(given)
        app.after_request(bug)
        return app

    with planted((gateway.app, "create_app", broken)), a_whole_node(folder) as node:
        browser = node.signed_in(1, "Ann Example", ROLE_MEMBER, ROLE_CONVENOR)
        for path in SOME_PAGES:
            browser.get(path)
        return leaks(browser.seen, secrets_of(node, browser)).total()


def test_no_token_reaches_a_browser(node: WholeNode, tmp_path: Path) -> None:
    browser = a_convenor_at_work(node, 1, "Ann Example")
    secrets = secrets_of(node, browser)
    browser.send("/signout", "/about")
    found = leaks(browser.seen, secrets)
    scripts = [path.name for path in STATIC.glob("*.js") if KEPT_BY_SCRIPTS.search(path.read_text())]
    broken = [str(each.url) for each in browser.seen if each.status_code >= 500]

    caught = {name: caught_with(tmp_path / name, bug) for name, bug in BUGS.items()}

    pages_seen = len({urlsplit(each.url).path for each in browser.seen})
    figures = f"answers={len(browser.seen)} pages={pages_seen} tokens={found.total()} scripts_that_keep={len(scripts)}"
    planted_figures = " ".join(f"planted[{name}]={count}" for name, count in caught.items())
    ok = not found and not scripts and not broken and pages_seen > 20 and all(caught.values()) and all(secrets)
    promise(41, "embedded", "tokens in the browser", ok, f"{figures} {planted_figures}", SEED)
