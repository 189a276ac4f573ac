"""The provider's keys: from where they may come, and how seldom they are fetched."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from joserfc.jwk import RSAKey

from services.common.errors import NotAllowed, TooMany
from services.common.settings import BadSetting
from services.membership.provider import Provider
from services.membership.provider_keys import HttpKeys, ProviderKeys
from tests.alone import HeldClock
from tests.openid import AUDIENCE, OpenId


@pytest.fixture
def openid() -> Iterator[OpenId]:
    with OpenId() as openid:
        yield openid


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


def a_provider(openid: OpenId, jwks_uri: str = "") -> Provider:
    return Provider(openid.issuer, AUDIENCE, ProviderKeys(HttpKeys(openid.issuer, jwks_uri, None)))


@pytest.mark.parametrize("jwks_at", ["", "/keys"])
def test_a_sign_in_is_issuer_and_subject(openid: OpenId, clock: HeldClock, jwks_at: str) -> None:
    provider = a_provider(openid, jwks_at and openid.issuer + jwks_at)

    found = provider.signed_in(openid.token("ann", clock()), clock())

    assert (found.issuer, found.subject) == (openid.issuer, "ann")


def test_ten_thousand_unknown_keys_cost_the_provider_one_call_a_minute(openid: OpenId, clock: HeldClock) -> None:
    provider = a_provider(openid)
    provider.signed_in(openid.token("ann", clock()), clock())
    real = openid.token("eve", clock())

    for number in range(10_000):
        assert provider.keys.find(f"unknown{number}", clock()) is None
        clock.now += timedelta(milliseconds=6)

    assert openid.fetched <= 2
    assert provider.signed_in(real, clock()).subject == "eve"


def test_a_new_key_of_the_provider_is_known_within_a_minute(openid: OpenId, clock: HeldClock) -> None:
    provider = a_provider(openid)
    provider.signed_in(openid.token("ann", clock()), clock())
    openid.keys["k2"] = RSAKey.generate_key(2048)

    clock.now += timedelta(seconds=60)

    assert provider.signed_in(openid.token("ann", clock(), kid="k2"), clock()).subject == "ann"


def test_a_key_that_the_provider_withdrew_is_soon_believed_no_more(openid: OpenId, clock: HeldClock) -> None:
    provider = a_provider(openid)
    provider.signed_in(openid.token("ann", clock()), clock())
    openid.keys["k2"] = RSAKey.generate_key(2048)
    old = openid.keys.pop("k1")

    clock.now += timedelta(minutes=10, seconds=1)
    provider.signed_in(openid.token("ann", clock(), kid="k2"), clock())
    openid.keys["k1"] = old

    with pytest.raises(NotAllowed):
        provider.signed_in(openid.token("ann", clock(), kid="k1"), clock())


def test_a_provider_that_is_away_for_half_an_hour_keeps_nobody_out(openid: OpenId, clock: HeldClock) -> None:
    provider = a_provider(openid)
    provider.signed_in(openid.token("ann", clock()), clock())
    openid.go_away()

    clock.now += timedelta(minutes=30)

    assert provider.signed_in(openid.token("ann", clock()), clock()).subject == "ann"


def test_a_provider_that_was_never_reached_is_told_apart_from_a_bad_token(openid: OpenId, clock: HeldClock) -> None:
    openid.go_away()

    with pytest.raises(TooMany, match="does not answer"):
        a_provider(openid).signed_in(openid.token("ann", clock()), clock())


def test_a_discovery_document_of_another_issuer_is_not_believed(openid: OpenId, clock: HeldClock) -> None:
    openid.named_issuer = "https://elsewhere.example"

    with pytest.raises(TooMany):
        a_provider(openid).signed_in(openid.token("ann", clock()), clock())


@pytest.mark.parametrize(
    "address", ["http://sign-in.example", "http://127.0.0.1.example", "file:///etc/passwd", "ftp://sign-in.example", ""]
)
def test_keys_come_over_https_or_from_this_machine_only(address: str) -> None:
    with pytest.raises(BadSetting, match="must be https"):
        HttpKeys(address, "", None)


@pytest.mark.parametrize(
    "address", ["https://sign-in.example", "http://127.0.0.1:8081", "http://[::1]:8081", "http://localhost"]
)
def test_a_provider_behind_https_or_on_this_machine_is_taken(address: str) -> None:
    assert HttpKeys(address, "", None)
