"""People who sign in at a county's own Keycloak through its gateway, by the forms alone."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import gateway.app
from gateway.settings import Settings
from services.common.ids import new_id
from tests.databases import SqliteDatabases
from tests.keycloak import PASS_PHRASE, Keycloak


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

    @property
    def action(self) -> str:
        found = re.search(r'<form[^>]*action="([^"]+)"', self.page)
        assert found, self.page
        return unescape(found[1])

    def send(self, **typed: str) -> TestResponse:
        return self.follow(self.ask("POST", self.action, typed))

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


def a_convenor(county: County) -> tuple[str, Person, bytes]:
    """With a telephone for one-time codes: their name, their browser, its secret."""
    name, mine = county.member("convenor"), county.somebody()
    mine.begin()
    mine.send(username=name, password=PASS_PHRASE)
    return name, mine, set_up(mine)


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
