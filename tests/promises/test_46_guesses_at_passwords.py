"""Promise 46: of a thousand guesses at a password or a one-time code at most ten reach Keycloak, from however many
addresses and through however many workers, and whoever knows the right one gets in meanwhile."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import gateway.app
from gateway import limits, tries
from gateway.counters import Per
from gateway.known_browsers import KnownBrowsers
from gateway.settings import Settings
from services.common.ids import new_id
from tests.databases import SqliteDatabases
from tests.keycloak import PASS_PHRASE, Keycloak
from tests.promises.planted import planted
from tests.promises.promise import promise

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
GUESSES, MOST, HONEST = 1_000, 10, 10
# Each that a bug lets through costs Keycloak a tenth of a second.
FEW = 40


@dataclass
class Person:
    """Somebody's browser behind the proxy of a county, whose two workers it meets by turns."""

    workers: list[FlaskClient]
    origin: str
    page: str = ""
    turn: int = 0
    address: str = "192.0.2.1"
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, address: str, form: dict[str, str] | None = None) -> TestResponse:
        self.turn += 1
        parts = urlsplit(address)
        sent = {"X-Forwarded-For": self.address, "X-Forwarded-Proto": "https"}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        answer = self.workers[self.turn % len(self.workers)].open(
            f"{parts.path}?{parts.query}", method=method, data=form, headers=sent, base_url=self.origin
        )
        for each in answer.headers.getlist("Set-Cookie"):
            name, _, text = each.partition(";")[0].partition("=")
            self.cookies[name] = text
        self.page = answer.text if answer.status_code == 200 else self.page
        return answer

    def follow(self, answer: TestResponse) -> TestResponse:
        while answer.status_code in {302, 303} and not answer.location.endswith("/signed-in"):
            answer = self.ask("GET", answer.location)
        return answer

    def begin(self) -> None:
        """Up to the provider's page."""
        self.ask("GET", "/signin?next=/signed-in")
        token = re.search(r'name="csrf_token" value="([0-9a-f]+)"', self.page)
        assert token, self.page
        self.follow(self.ask("POST", "/signin", {"csrf_token": token[1], "next": "/signed-in"}))

    def send(self, **typed: str) -> TestResponse:
        found = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        assert found, self.page
        return self.follow(self.ask("POST", unescape(found[1]), typed))

    def signs_in(self, name: str, code: str = "") -> bool:
        self.begin()
        answer = self.send(username=name, password=PASS_PHRASE)
        if code and answer.status_code == 200:
            answer = self.send(otp=code)
        return answer.status_code == 303

    def later(self) -> "Person":
        """The same browser when its sessions have ended."""
        kept = {name: text for name, text in self.cookies.items() if name.endswith("_known")}
        return Person(self.workers, self.origin, address=self.address, cookies=kept)


@dataclass
class County:
    keycloak: Keycloak
    workers: list[FlaskClient]
    origin: str

    def somebody(self, address: str = "192.0.2.1") -> Person:
        return Person(self.workers, self.origin, address=address)

    def member(self, *roles: str) -> str:
        name = f"p{new_id()[:10]}"
        self.keycloak.add_account(name, *roles)
        return name


@contextmanager
def a_county(keycloak: Keycloak, folder: Path, databases: SqliteDatabases) -> Iterator[County]:
    """Two workers of a gateway that passes sign-in on; Keycloak says that it lives at the gateway's own address."""
    parts = urlsplit(keycloak.issuer)
    origin = f"{parts.scheme}://{parts.netloc}"
    keycloak.prepare(origin)
    given = Settings(
        slug="notts", public_url=origin, run_dir=folder / "run", issuer=keycloak.issuer,
        database=databases.new_url(gateway.app.MIGRATIONS), provider_address=keycloak.issuer,
        provider_ca=Path(keycloak.trusted), secret_key_file=folder / "gateway.key", trusted_proxies=1,
        client_secret_file=keycloak.secrets / "gateway" / "client-secret",
    )  # fmt: skip
    with ExitStack() as stack:
        apps: list[Flask] = [gateway.app.create_app(given) for _ in range(2)]
        for each in apps:
            stack.callback(gateway.app.close, each)
        yield County(keycloak, [each.test_client(use_cookies=False) for each in apps], origin)


def another(number: int) -> str:
    return f"198.51.{number // 250}.{number % 250 + 1}"


def guessed(eve: Person, numbers: Iterable[int], guess: Callable[[int], TestResponse]) -> int:
    """How many of the guesses reached Keycloak; each comes from another address."""
    reached = 0
    for number in numbers:
        eve.address = another(number)
        reached += guess(number).status_code != 429
    return reached


def at_a_password(county: County, guesses: int, honest: int) -> tuple[int, int]:
    """What reached Keycloak, and how often the person was locked out who has signed in here before."""
    name = county.member()
    mine, eve = county.somebody(), county.somebody()
    assert mine.signs_in(name)
    eve.begin()
    reached = out = 0
    for part in range(honest):
        numbers = range(part * guesses // honest, (part + 1) * guesses // honest)
        reached += guessed(eve, numbers, lambda number: eve.send(username=name, password=f"a guess {number}"))
        # Also from an address that Eve guesses from.
        mine.address = another(part)
        out += not mine.later().signs_in(name)
    return reached, out


def at_a_code(county: County, guesses: int) -> tuple[int, int]:
    """Eve knows the password of somebody who gives a one-time code too, and sits in tab after tab."""
    name = county.member("convenor")
    mine, eve = county.somebody(), county.somebody()
    mine.begin()
    mine.send(username=name, password=PASS_PHRASE)
    secret = set_up(mine)
    reached = 0
    while reached < guesses:
        eve.begin()
        if eve.send(username=name, password=PASS_PHRASE).status_code == 429:
            break
        reached += guessed(eve, range(3), lambda number: eve.send(otp=f"{number:06}"))
    reached += guessed(eve, range(guesses), lambda number: eve.send(otp=f"{number:06}"))
    return reached, int(not mine.later().signs_in(name, one_time(secret, steps=1)))


def set_up(person: Person) -> bytes:
    """The page that a convenor without a one-time code gets; returns the secret of their telephone."""
    found = re.search(r'name="totpSecret" value="([^"]+)"', person.page)
    assert found, person.page
    secret = found[1].encode()
    done = person.send(totp=one_time(secret), totpSecret=found[1], userLabel="telephone")
    assert done.status_code == 303, done.text
    return secret


def one_time(secret: bytes, steps: int = 0) -> str:
    # Telephones know no other hash.
    made = TOTP(secret, 6, SHA1(), 30, enforce_key_length=False)  # noqa: S303
    return made.generate(int(time.time()) + 30 * steps).decode()


@pytest.fixture
def county(keycloak: Keycloak, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[County]:
    with a_county(keycloak, tmp_path, sqlite_databases) as county:
        yield county


def test_guesses_at_a_password_stop_and_its_owner_gets_in(county: County) -> None:
    reached, out = at_a_password(county, GUESSES, HONEST)

    by_address = tuple(each for each in limits.TRIED if each.per in {Per.ADDRESS, Per.BROWSER})
    with planted((tries, "TRIED", by_address)):
        passed, _ = at_a_password(county, FEW, 1)
    with planted((KnownBrowsers, "number", lambda browsers, who: "")):
        _, locked = at_a_password(county, FEW, HONEST)

    ok = 0 < reached <= MOST < passed and not out and locked > 0
    caught = f"planted[address only]={passed} planted[lock-out per user]={locked}"
    figures = f"guesses={GUESSES} addresses={GUESSES} workers=2 checked={reached} honest={HONEST} locked_out={out}"
    promise(46, "stack", "guesses at a password", ok, f"{figures} {caught}", 0)


def test_guesses_at_a_one_time_code_stop_and_its_owner_gets_in(county: County) -> None:
    reached, out = at_a_code(county, GUESSES)

    with planted((tries.Tries, "_people", by_what_is_typed)):
        passed, _ = at_a_code(county, FEW)

    ok = 0 < reached <= MOST < passed and not out
    figures = f"guesses={GUESSES} checked={reached} honest=1 locked_out={out} planted[codes are nobody's]={passed}"
    promise(46, "stack", "guesses at a one-time code", ok, figures, 0)


def by_what_is_typed(tried: tries.Tries, form: dict[str, str]) -> list[str]:
    """The page for a one-time code names nobody."""
    return [tried._browsers.who(form.get("username", new_id()))]
