"""The embedded provider proves people to its own gateway, on its own machine, and nothing else."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import KeySet
from werkzeug.test import TestResponse

from services.common.errors import Invalid
from services.node.provider.accounts import Account, Accounts
from services.node.provider.app import ProviderSettings, create_app

ISSUER = "http://127.0.0.1:8441"
BACK = "http://127.0.0.1:8401/signin/return"
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> ProviderSettings:
    return ProviderSettings(
        issuer=ISSUER,
        node="notts",
        node_name="Nottinghamshire",
        folder=tmp_path / "provider",
        client_id="fosse-gateway",
        redirect_uris=frozenset({BACK}),
    )


@pytest.fixture
def ann(settings: ProviderSettings) -> Account:
    return Accounts(settings.people).add("Ann Example", "Convenor", first=True, key="m1")


@pytest.fixture
def browser(settings: ProviderSettings, clock: Clock) -> Iterator[FlaskClient]:
    with create_app(settings, clock).test_client() as client:
        yield client


def asked(**changed: str) -> dict[str, str]:
    question = {
        "response_type": "code",
        "client_id": "fosse-gateway",
        "redirect_uri": BACK,
        "scope": "openid basic",
        "state": "s1",
        "nonce": "n1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return {name: value for name, value in {**question, **changed}.items() if value}


class _Inputs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("name"):
            self.found[str(given["name"])] = given.get("value") or ""


def code_for(browser: FlaskClient, account: Account, **changed: str) -> str:
    page = browser.get("/authorize", query_string=asked(**changed))
    inputs = _Inputs()
    inputs.feed(page.text)
    sent = browser.post("/authorize", query_string=asked(**changed), data={**inputs.found, "subject": account.subject})
    answer = parse_qs(urlsplit(sent.location).query)
    assert answer["state"] == ["s1"]
    return answer["code"][0]


def trade(browser: FlaskClient, code: str, **changed: str) -> TestResponse:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": BACK,
        "client_id": "fosse-gateway",
        "code_verifier": VERIFIER,
        **changed,
    }
    return browser.post("/token", data=form)


def refresh(browser: FlaskClient, token: str) -> TestResponse:
    return browser.post(
        "/token", data={"grant_type": "refresh_token", "refresh_token": token, "client_id": "fosse-gateway"}
    )


def said(answer: TestResponse) -> dict[str, Any]:
    found = answer.json
    assert isinstance(found, dict)
    return found


def opened(browser: FlaskClient, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    keys: Any = said(browser.get("/jwks"))
    decoded = jwt.decode(token, KeySet.import_key_set(keys), ["RS256"])
    return decoded.header, decoded.claims


def test_a_person_who_is_chosen_comes_back_with_tokens_that_name_only_a_random_subject(
    browser: FlaskClient, ann: Account, clock: Clock
) -> None:
    tokens = said(trade(browser, code_for(browser, ann)))

    header, claims = opened(browser, tokens["id_token"])
    assert header["kid"] and claims["sub"] == ann.subject and claims["nonce"] == "n1"
    assert claims["iss"] == ISSUER and claims["aud"] == "fosse-gateway"
    header, claims = opened(browser, tokens["access_token"])
    assert header["typ"] == "at+jwt" and header["kid"]
    assert claims["aud"] == "fosse-services" and claims["sub"] == ann.subject
    assert claims["exp"] - clock.now.timestamp() <= 300
    assert "Ann" not in json.dumps(claims)


def test_the_discovery_document_offers_code_with_s256_and_nothing_else(browser: FlaskClient) -> None:
    document = said(browser.get("/.well-known/openid-configuration"))

    assert document["issuer"] == ISSUER
    assert document["response_types_supported"] == ["code"]
    assert document["code_challenge_methods_supported"] == ["S256"]


@pytest.mark.parametrize(
    "changed",
    [
        {"code_challenge": "", "code_challenge_method": ""},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": ""},
        {"response_type": "token"},
        {"nonce": ""},
    ],
)
def test_a_question_without_pkce_or_nonce_is_sent_back_with_an_error(
    browser: FlaskClient, changed: dict[str, str]
) -> None:
    answer = browser.get("/authorize", query_string=asked(**changed))

    assert answer.status_code == 302
    assert answer.location.startswith(BACK) and "error=" in answer.location and "code=" not in answer.location


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": BACK + "/more"},
        {"redirect_uri": "http://127.0.0.1:8402/signin/return"},
        {"redirect_uri": "https://elsewhere.example/"},
        {"redirect_uri": ""},
        {"client_id": "another"},
    ],
)
def test_nobody_is_sent_to_an_address_that_is_not_exactly_the_gateways(
    browser: FlaskClient, changed: dict[str, str]
) -> None:
    answer = browser.get("/authorize", query_string=asked(**changed))

    assert answer.status_code == 400 and answer.location is None
    assert "Sign-in could not begin" in answer.text


def test_a_code_works_once_and_its_second_use_ends_the_sign_in(browser: FlaskClient, ann: Account) -> None:
    code = code_for(browser, ann)
    tokens = said(trade(browser, code))

    again = trade(browser, code)

    assert again.status_code == 400 and said(again)["error"] == "invalid_grant"
    assert refresh(browser, tokens["refresh_token"]).status_code == 400


def test_a_code_is_refused_with_another_verifier_or_after_a_minute(
    browser: FlaskClient, ann: Account, clock: Clock
) -> None:
    assert trade(browser, code_for(browser, ann), code_verifier="w" * 43).status_code == 400
    assert trade(browser, code_for(browser, ann), redirect_uri="http://127.0.0.1:1/").status_code == 400
    late = code_for(browser, ann)
    clock.now += timedelta(seconds=61)
    assert trade(browser, late).status_code == 400


def test_a_refresh_token_works_once_and_its_second_use_ends_the_sign_in(browser: FlaskClient, ann: Account) -> None:
    first = said(trade(browser, code_for(browser, ann)))["refresh_token"]
    second = said(refresh(browser, first))["refresh_token"]

    assert second != first
    assert refresh(browser, first).status_code == 400
    assert refresh(browser, second).status_code == 400


def test_signing_out_ends_the_sign_in_at_the_provider(browser: FlaskClient, ann: Account) -> None:
    token = said(trade(browser, code_for(browser, ann)))["refresh_token"]

    answer = browser.post("/revoke", data={"token": token, "client_id": "fosse-gateway"})

    assert answer.status_code == 200
    assert refresh(browser, token).status_code == 400


def test_a_sign_in_lives_on_when_the_node_is_started_again(
    browser: FlaskClient, ann: Account, settings: ProviderSettings, clock: Clock
) -> None:
    token = said(trade(browser, code_for(browser, ann)))["refresh_token"]

    after = create_app(settings, clock).test_client()

    assert refresh(after, token).status_code == 200


def test_choosing_a_person_needs_the_page_that_this_browser_was_given(browser: FlaskClient, ann: Account) -> None:
    answer = browser.post("/authorize", query_string=asked(), data={"subject": ann.subject, "form_token": "0" * 64})

    assert answer.status_code == 400 and answer.location is None


@pytest.mark.parametrize(
    ("remote", "host", "headers"),
    [
        ("192.0.2.7", "127.0.0.1:8441", {}),
        ("127.0.0.1", "fosse.attacker.example:8441", {}),
        ("127.0.0.1", "127.0.0.1:8441", {"X-Forwarded-For": "192.0.2.7"}),
    ],
)
def test_the_provider_answers_nobody_but_its_own_machine(
    browser: FlaskClient, remote: str, host: str, headers: dict[str, str]
) -> None:
    answer = browser.get(
        "/authorize?" + urlencode(asked()),
        environ_base={"REMOTE_ADDR": remote},
        headers={"Host": host, **headers},
    )

    assert answer.status_code == 403


@pytest.mark.parametrize("issuer", ["http://0.0.0.0:8441", "http://192.0.2.7:8441", "https://notts.example"])
def test_the_provider_does_not_start_where_others_could_reach_it(settings: ProviderSettings, issuer: str) -> None:
    with pytest.raises(Invalid, match="on this machine only"):
        create_app(replace(settings, issuer=issuer))


def test_with_a_secret_the_client_must_show_it(settings: ProviderSettings, ann: Account, clock: Clock) -> None:
    browser = create_app(replace(settings, client_secret="right"), clock).test_client()

    assert trade(browser, code_for(browser, ann)).status_code == 401
    code = code_for(browser, ann)
    shown = browser.post(
        "/token",
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER},
        auth=("fosse-gateway", "right"),
    )
    assert shown.status_code == 200


def test_adding_the_same_person_twice_gives_one_sign_in(settings: ProviderSettings) -> None:
    accounts = Accounts(settings.people)

    assert accounts.add("Ann", "", key="m1") == accounts.add("Ann", "", key="m1")
    assert len(Accounts(settings.people).all()) == 1
