"""Promise 43: a refresh token works once; whoever took a copy of an old one gets nothing for it."""

import time
from collections.abc import Iterator
from functools import partial

import pytest

from services.common.ids import new_id
from tests.keycloak import Browser, Keycloak
from tests.promises.promise import promise
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
PUBLIC = "https://notts.example"
PEOPLE = 5
ROUNDS = 3


def accepted(keycloak: Keycloak, name: str, rounds: int = ROUNDS) -> Iterator[bool]:
    """Somebody renews their sign-in some times; then a copy of each token that was used is tried."""
    keycloak.add_account(name)
    browser = Browser(keycloak, PUBLIC)
    browser.sign_in(name)
    used = [browser.tokens()["refresh_token"]]
    for _ in range(rounds):
        # Keycloak tells a token's turn by whole seconds; the gateway renews once a minute.
        until(partial(_passed, int(time.time())), "a second has passed")
        renewed = browser.refreshed(used[-1])
        assert renewed.ok, renewed.text
        used.append(renewed.json()["refresh_token"])
    for token in used[:-1]:
        yield browser.refreshed(token).ok


def _passed(second: int) -> bool:
    return int(time.time()) > second


def test_a_refresh_token_that_was_used_is_worth_nothing(keycloak: Keycloak) -> None:
    keycloak.prepare(PUBLIC)

    tried = [each for _ in range(PEOPLE) for each in accepted(keycloak, f"used-{new_id()[:8]}")]

    figures = f"tried={len(tried)} accepted={sum(tried)}"
    promise(43, "stack", "reused refresh tokens", len(tried) == PEOPLE * ROUNDS and not any(tried), figures, 0)


def test_a_realm_that_takes_them_again_is_caught_and_mended(keycloak: Keycloak) -> None:
    keycloak.prepare(PUBLIC)
    keycloak.admin().update_realm("fosse", {"revokeRefreshToken": False})

    careless = sum(accepted(keycloak, f"careless-{new_id()[:8]}"))
    keycloak.prepare(PUBLIC)
    mended = sum(accepted(keycloak, f"mended-{new_id()[:8]}"))

    figures = f"bugs=1 caught={int(careless > 0)} accepted={careless} after_set_up={mended}"
    promise(43, "stack", "reused refresh tokens planted", careless > 0 and mended == 0, figures, 0)
