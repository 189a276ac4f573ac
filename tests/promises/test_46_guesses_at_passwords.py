"""Promise 46: of a thousand guesses at a password or a one-time code at most ten reach Keycloak, from however many
addresses and through however many workers, and whoever knows the right one gets in meanwhile."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest
from flask import request
from werkzeug.test import TestResponse

from gateway import limits, passing, tries
from gateway.counters import Charge, Limit, Per
from gateway.known_browsers import KnownBrowsers
from services.common.ids import new_id
from tests.databases import SqliteDatabases
from tests.keycloak import PASS_PHRASE, Keycloak
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.signing_in import County, Person, a_convenor, a_county, another, one_time

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
GUESSES, MOST, HONEST = 1_000, 10, 10
# Each that a bug lets through costs Keycloak a tenth of a second.
FEW = 40


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
    name, mine, secret = a_convenor(county)
    eve = county.somebody()
    reached = 0
    while reached < guesses:
        before = eve.page
        eve.begin()
        if eve.send(username=name, password=PASS_PHRASE).status_code == 429:
            # A tab in which no name was let through takes no code; the one before does.
            eve.page = before
            break
        reached += guessed(eve, range(3), lambda number: eve.send(otp=f"{number:06}"))
    reached += guessed(eve, range(guesses), lambda number: eve.send(otp=f"{number:06}"))
    return reached, int(not mine.later().signs_in(name, one_time(secret, steps=1)))


def past_the_name(county: County, guesses: int) -> int:
    """How many codes Keycloak looked at that Eve sends to the tab of somebody whose password she knows, with a query
    that says another tab, where nobody's names were typed, to whoever begins no field at `;`."""
    name, _, _ = a_convenor(county)
    eve = county.somebody()
    eve.begin()
    assert eve.send(username=name, password=PASS_PHRASE).status_code == 200
    looked = 0
    for number in range(guesses):
        eve.address, other = another(number), f"tab_id=other{number // MOST}"
        if number % MOST == 0:
            county.somebody(eve.address).ask("POST", f"{eve.action.partition('?')[0]}?{other}", {"username": new_id()})
        twisted = re.sub(r"(tab_id=[\w-]+)", rf"x=1;\1&{other}", eve.action)
        looked += "This code is not right" in eve.ask("POST", twisted, {"otp": f"{number:06}"}).text
    return looked


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

    with planted((tries.Tries, "_of", by_what_is_typed)):
        passed, _ = at_a_code(county, FEW)

    ok = 0 < reached <= MOST < passed and not out
    figures = f"guesses={GUESSES} checked={reached} honest=1 locked_out={out} planted[codes are nobody's]={passed}"
    promise(46, "stack", "guesses at a one-time code", ok, figures, 0)


def test_no_query_takes_a_guess_at_a_code_past_the_name(county: County) -> None:
    looked = past_the_name(county, FEW)

    with planted((passing, "_query", request_as_it_came)):
        passed = past_the_name(county, FEW)

    figures = f"guesses={FEW} checked={looked} planted[query as it came]={passed}"
    promise(46, "stack", "guesses in a twisted query", looked <= MOST < passed, figures, 0)


sound_of = tries.Tries._of


def by_what_is_typed(tried: tries.Tries, row: Sequence[Limit], who: str) -> list[Charge]:
    """The page for a one-time code names nobody."""
    return sound_of(tried, row, who if "username" in request.form else new_id())


def request_as_it_came() -> str:
    return request.query_string.decode()
