"""The provider ends a sign-in from its side: the session here is over, and nobody else can say so."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import RSAKey

from gateway.logout_tokens import EVENT
from services.common.ids import new_id
from services.node.provider import keys
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway

ENDED = "/signin/ended"
# How long a worker may go on believing what it has just looked up.
REMEMBERED = timedelta(seconds=6)
Claims = dict[str, Any]
CHANGES: dict[str, Claims] = {
    "of another provider": {"iss": "https://other.example"},
    "for another client": {"aud": "another"},
    "of yesterday": {"iat": -86400},
    "of tomorrow": {"iat": 86400},
    "that has run out": {"exp": -3600},
    "with a nonce": {"nonce": "n"},
    "about something else": {"events": {"http://schemas.openid.net/event/other": {}}},
    "about nothing": {"events": None},
    "whose event is no object": {"events": {EVENT: "yes"}},
    "about nobody": {"sub": "", "sid": ""},
    "without a number": {"jti": None},
    "about a list": {"sub": ["ann"]},
}


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


class Says:
    """What the provider of this gateway signs."""

    def __init__(self, web: Web, folder: Path) -> None:
        self._web = web
        self.key = keys.load_or_make(folder / "provider" / "key.pem")

    def claims(self, browser: Browser) -> Claims:
        subject = json.loads(jws.extract_compact(self._web.access_token(browser).encode()).payload)["sub"]
        now = int(self._web.clock().timestamp())
        return {
            "iss": self._web.settings.issuer, "aud": self._web.settings.client_id, "iat": now, "exp": now + 120,
            "jti": new_id(), "sub": subject, "events": {EVENT: {}},
        }  # fmt: skip

    def token(self, claims: Claims, key: RSAKey | None = None, **header: str) -> str:
        signing = key or self.key
        return jwt.encode({"alg": "RS256", "kid": self.key.kid or "", "typ": "logout+jwt", **header}, claims, signing)


def signed_in(browser: Browser) -> bool:
    return browser.get("/api/v1/me").status_code == 200


def later(web: Web) -> None:
    web.clock.ahead += REMEMBERED


def test_a_sign_in_that_the_provider_ends_is_over_here_too_and_only_that_one(web: Web, tmp_path: Path) -> None:
    ann, bert = web.signed_in(1, "Ann"), web.signed_in(2, "Bert")
    says = Says(web, tmp_path)

    told = web.fresh().post(ENDED, {"logout_token": says.token(says.claims(ann))})

    assert (told.status_code, told.headers["Cache-Control"]) == (200, "no-store")
    later(web)
    assert not signed_in(ann) and signed_in(bert)


def test_what_was_said_once_ends_no_later_sign_in(web: Web, tmp_path: Path) -> None:
    ann = web.signed_in(1, "Ann")
    says = Says(web, tmp_path)
    token = says.token(says.claims(ann))
    web.fresh().post(ENDED, {"logout_token": token})
    again = web.fresh()
    again.sign_in("Ann")

    told = web.fresh().post(ENDED, {"logout_token": token})

    later(web)
    assert told.status_code == 400 and signed_in(again)


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_but_a_logout_token_of_our_provider_ends_a_sign_in(web: Web, tmp_path: Path, change: Claims) -> None:
    ann = web.signed_in(1, "Ann")
    says = Says(web, tmp_path)
    claims = says.claims(ann)
    moved = {name: claims[name] + by if isinstance(by, int) else by for name, by in change.items()}
    wrong = {name: value for name, value in {**claims, **moved}.items() if value is not None}

    told = web.fresh().post(ENDED, {"logout_token": says.token(wrong)})

    later(web)
    assert told.status_code == 400 and signed_in(ann)


def test_what_others_signed_or_nobody_did_ends_nothing(web: Web, tmp_path: Path) -> None:
    ann = web.signed_in(1, "Ann")
    says = Says(web, tmp_path)
    claims, stranger = says.claims(ann), RSAKey.generate_key(2048)
    unsigned = ".".join([*says.token(claims).split(".")[:2], ""])
    others = [says.token(claims, stranger), says.token(claims, typ="at+jwt"), unsigned]
    tokens = [*others, web.access_token(ann), "", "x" * 20_000]

    told = [web.fresh().post(ENDED, {"logout_token": token}).status_code for token in tokens]

    later(web)
    assert told == [400] * len(tokens) and signed_in(ann)
    assert signed_in(web.signed_in(2, "Bert")), "whoever sends such things keeps nobody from signing in"
