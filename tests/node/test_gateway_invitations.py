"""Guesses at invitations are few, and honest people pay neither for them nor for an outage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.rpc_errors import Away
from services.membership.usecases import sign_ins
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway
from tests.promises.planted import planted


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    with a_gateway(tmp_path, sqlite_databases) as web:
        yield web


def test_guessing_invitations_is_stopped_and_an_honest_person_is_not(web: Web) -> None:
    path = web.a_member(1, "Ann Example")
    browser = web.fresh()
    browser.sign_in("Ann Example")
    token = browser.form_token(path)

    def guess(code: str) -> int:
        return browser.post(f"/invitation/{code}", {"csrf_token": token}).status_code

    guesses = [guess(f"{number:032x}") for number in range(9)]
    honest = guess(path.rpartition("/")[2])
    more = [guess(f"{number:032x}") for number in range(9, 14)]

    assert 429 not in guesses
    assert honest == 303
    assert more[0] != 429 and set(more[1:]) == {429}
    assert int(browser.seen[-1].headers["Retry-After"]) <= 1201


def test_an_outage_uses_up_no_try_at_an_invitation(web: Web) -> None:
    path = web.a_member(1, "Ann Example")
    browser = web.fresh()
    browser.sign_in("Ann Example")
    token = {"csrf_token": browser.form_token(path)}

    def away(*_: object, **__: object) -> None:
        raise Away

    with planted((sign_ins, "accept_invitation", away)):
        during = [browser.post(path, token).status_code for _ in range(12)]

    assert during == [503] * 12
    assert browser.post(path, token).status_code == 303
