"""Codes, addresses and names as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from services.common.errors import Conflict, Invalid
from services.federation.domain import codes
from services.federation.domain.codes import Code
from services.federation.domain.newcomer import check_name
from services.federation.domain.standing import Enrolment, Standing, check_door_address, checked_hub_address

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LETTERS = "ABCDEFGH23456789JKLMNPQR"


def test_a_code_is_understood_however_it_is_typed() -> None:
    typed = f"  {codes.shown(LETTERS).lower().replace('-', ' - ')} "

    assert codes.split(typed) == (LETTERS[:8], LETTERS[8:])
    assert codes.shown(LETTERS) == "ABCD-EFGH-2345-6789-JKLM-NPQR"


def test_the_right_secret_opens_until_the_code_is_used_or_runs_out() -> None:
    secret = LETTERS[8:]
    code = Code("1" * 32, LETTERS[:8], codes.hash_of(secret), NOW + codes.VALID_FOR)

    assert code.refusal(secret, NOW) is None
    assert code.refusal(secret[:-1], NOW)
    assert code.refusal(secret, NOW + timedelta(days=7))


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://hub.example/", "https://hub.example"),
        (" https://hub.example:8443/some/page?x=1 ", "https://hub.example:8443"),
        ("http://127.0.0.1:8400", "http://127.0.0.1:8400"),
        ("http://localhost", "http://localhost"),
    ],
)
def test_a_hub_is_reached_over_https_or_on_this_very_machine(typed: str, address: str) -> None:
    assert checked_hub_address(typed) == address


@pytest.mark.parametrize(
    "typed",
    [
        *("http://hub.example", "ftp://hub.example", "hub.example", "", "https://me:word@hub.example", "http://127.1"),
        *("https://hub.example:99999", "https://hub.example:web", "https://[hub", "http://localhost\\@hub.example"),
    ],
)
def test_any_other_address_is_refused_before_the_code_is_sent(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked_hub_address(typed)

    assert "hub_address" in refused.value.fields


@pytest.mark.parametrize("slug", ["", "N", "notts county", "../notts", "1notts", "n" * 41])
def test_a_short_name_is_small_letters_digits_and_dashes(slug: str) -> None:
    with pytest.raises(Invalid):
        check_name(slug, "Nottinghamshire")


def test_only_a_node_whose_certificate_ran_out_may_ask_to_be_let_in_again() -> None:
    enrolled = Standing("a" * 64, Enrolment.ENROLLED)

    enrolled.may_ask(ran_out=True)
    with pytest.raises(Conflict):
        enrolled.may_ask(ran_out=False)


@pytest.mark.parametrize("name", ["Notts\nDerbys", "Notts\u202esyb", " ", "N" * 201])
def test_a_name_that_would_show_as_another_is_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_name("notts", name)


@pytest.mark.parametrize("address", ["hub.example:8420", "127.0.0.1:8420", "[::1]:8420"])
def test_a_hub_may_name_a_host_and_a_port_to_dial(address: str) -> None:
    check_door_address(address)


@pytest.mark.parametrize("address", ["", "hub.example", "unix:/run/other.sock", "dns://evil/hub:1", "xds:///hub:1"])
def test_a_hub_cannot_have_a_county_dial_any_other_kind_of_place(address: str) -> None:
    with pytest.raises(Invalid):
        check_door_address(address)
