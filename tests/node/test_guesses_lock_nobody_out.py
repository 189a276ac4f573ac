"""Guesses at the provider behind the gateway lock nobody out: neither names in a tab nor many addresses."""

from dataclasses import replace

import pytest

from gateway import limits, tries
from gateway.counters import Per
from gateway.errors import BadRequest
from services.common.errors import TooMany
from tests.node.provider_world import (
    ANN,
    LOGIN,
    MOST,
    REALM,
    SENT,
    TAB,
    MakePages,
    Provider,
    from_address,
    known_to,
)
from tests.promises.planted import planted


def test_names_in_tries_that_were_refused_pay_for_nobody(pages: MakePages) -> None:
    app = pages()
    for number in range(MOST[Per.ADDRESS]):
        from_address(app, "203.0.113.1").post(f"{LOGIN}?tab_id=own{number}", data={"username": f"own{number}"})
    for number in range(2):
        with pytest.raises(TooMany):
            from_address(app, "203.0.113.1").post(SENT, data={"username": f"victim{number}"})

    with pytest.raises(BadRequest):
        from_address(app, "203.0.113.2").post(SENT, data={"otp": "1"})


def test_a_tab_in_which_four_names_were_typed_is_used_up(pages: MakePages, provider: Provider) -> None:
    browser = pages().test_client()
    for name in ("ann", "ben", "cath", "ann"):
        assert browser.post(SENT, data={"username": name}).status_code == 303
    asked = provider.asked

    for refused in ({"username": "dee"}, {"username": "eve"}, {"otp": "1"}, ANN):
        with pytest.raises(BadRequest, match="start your sign-in again"):
            browser.post(SENT, data=refused)
    assert provider.asked == asked
    assert browser.post(f"{LOGIN}?tab_id=t2", data={"username": "dee"}).status_code == 303


@pytest.mark.parametrize("action", ["authenticate", "reset-credentials"])
def test_guesses_from_elsewhere_do_not_shut_out_a_browser_that_is_known(pages: MakePages, action: str) -> None:
    app = pages()
    address = f"{REALM}/login-actions/{action}?{TAB}"
    strangers = [from_address(app, f"198.51.100.{number}") for number in range(12)]
    at_name = limits.FORGOTTEN if action == "reset-credentials" else limits.TRIED
    for stranger in strangers[: _count(at_name, Per.NAME)]:
        assert stranger.post(address, data=ANN).status_code == 303
    with pytest.raises(TooMany):
        strangers[-1].post(address, data=ANN)

    mine = known_to(app, "ann")
    for _ in range(_count(at_name, Per.BROWSER)):
        assert mine.post(address, data=ANN).status_code == 303
    with pytest.raises(TooMany):
        mine.post(address, data=ANN)


def test_however_many_browsers_somebody_makes_known_their_address_has_no_more_tries(pages: MakePages) -> None:
    app = pages()
    for _ in range(MOST[Per.ADDRESS] // MOST[Per.BROWSER]):
        mine = known_to(app, "eve")
        for _ in range(MOST[Per.BROWSER]):
            assert mine.post(SENT, data={"username": "eve"}).status_code == 303

    with pytest.raises(TooMany):
        known_to(app, "eve").post(SENT, data={"username": "eve"})


def test_when_very_many_names_are_guessed_at_whoever_is_known_gets_in(pages: MakePages) -> None:
    app, most = pages(), 12
    few = tuple(replace(each, count=most) if each.per is Per.COUNTY else each for each in limits.TRIED)
    with planted((tries, "TRIED", few)):
        for number in range(most):
            stranger = from_address(app, f"198.51.100.{number}")
            assert stranger.post(f"{LOGIN}?tab_id=t{number}", data={"username": f"n{number}"}).status_code == 303

        with pytest.raises(TooMany):
            app.test_client().post(f"{LOGIN}?tab_id=other", data={"username": "ben"})
        assert known_to(app, "ann").post(SENT, data=ANN).status_code == 303


def _count(row: limits.Limits, per: Per) -> int:
    return next(each.count for each in row if each.per is per)
