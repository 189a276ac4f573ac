"""An import that meets a fault of our own: it rests, is tried again, and never holds up those behind it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from services.common.database import Database
from services.common.errors import TooMany
from services.membership.domain import Community
from services.membership.domain.importing import Import, ImportState
from services.membership.store.tables import imports, members
from services.membership.usecases import import_rows, importing
from services.membership.usecases import places as places_usecases
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.membership.people import CARE_HOMES, an_id

OPERATOR = "operator"
POISONED, LATER = 1, 2
# Longer than any pause.
WHILE = timedelta(minutes=2)
TRIES = 4


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


@pytest.fixture
def db(make_database: MakeDatabase, clock: HeldClock) -> Database:
    db = make_database("membership")
    places_usecases.put_community(db, Community(CARE_HOMES, "Care homes"), asker=OPERATOR, now=clock())
    return db


def a_file(people: int, names: str) -> bytes:
    rows = "".join(f"{names}{number},{names}{number}@home.example\n" for number in range(people))
    return f"name,email\n{rows}".encode()


def send(db: Database, clock: HeldClock, number: int, content: bytes) -> None:
    importing.check_import(db, an_id(number), community_id=CARE_HOMES, content=content, asker=OPERATOR, now=clock())


def apply(db: Database, clock: HeldClock, number: int) -> None:
    importing.apply_import(db, an_id(number), asker=OPERATOR, now=clock())


def work(db: Database, clock: HeldClock) -> list[Exception]:
    """Until there is nothing to do just now; what the loop would have told."""
    told: list[Exception] = []
    while True:
        try:
            if import_rows.step(db, clock):
                return told
        except Exception as fault:
            told.append(fault)
            if len(told) > 3 * TRIES:
                return told


def look(db: Database, number: int) -> Import:
    return importing.get_import(db, an_id(number), asker=OPERATOR, after=0, limit=1)[0]


def count(db: Database, table: Any) -> int:
    with db.read() as conn:
        return int(conn.scalar(select(func.count()).select_from(table)) or 0)


@contextmanager
def planted(db: Database, word: str, fault: Callable[[], Exception]) -> Iterator[None]:
    """Raises at each statement that carries the word."""

    def raise_it(conn: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if word.lower() in str(parameters).lower():
            raise fault()

    event.listen(db.engine, "before_cursor_execute", raise_it)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", raise_it)


def a_bug() -> Exception:
    return RuntimeError("a bug")


def test_a_fault_that_comes_again_holds_up_no_later_import(db: Database, clock: HeldClock) -> None:
    for number, content in ((POISONED, a_file(300, "Poison")), (LATER, a_file(3, "Good"))):
        send(db, clock, number, content)
        clock.now += timedelta(seconds=1)
    work(db, clock)
    apply(db, clock, POISONED)
    apply(db, clock, LATER)

    with planted(db, "Poison299", a_bug):
        told = work(db, clock)

        assert [str(fault) for fault in told] == ["a bug"]
        assert look(db, LATER).state == ImportState.APPLIED
        assert look(db, POISONED).state == ImportState.APPLYING

        for _ in range(TRIES):
            clock.now += WHILE
            work(db, clock)

    failed = look(db, POISONED)
    assert failed.state == ImportState.FAILED
    assert "Of 300 good rows, 250 were applied and will stay" in failed.problem
    assert "Send the whole file again, which is safe" in failed.problem and failed.id in failed.problem
    assert count(db, members) == 250 + 3
    with db.read() as conn:
        assert set(conn.scalars(select(imports.c.file))) == {None}


def test_what_was_given_up_is_finished_by_the_same_file_sent_again(db: Database, clock: HeldClock) -> None:
    send(db, clock, POISONED, a_file(300, "Poison"))
    work(db, clock)
    apply(db, clock, POISONED)
    with planted(db, "Poison299", a_bug):
        for _ in range(TRIES):
            work(db, clock)
            clock.now += WHILE

    send(db, clock, LATER, a_file(300, "Poison"))
    work(db, clock)
    apply(db, clock, LATER)
    work(db, clock)

    counts = look(db, LATER).counts
    assert look(db, POISONED).state == ImportState.FAILED
    assert (counts.new_members, counts.unchanged_members, count(db, members)) == (50, 250, 300)


def test_each_pause_is_longer_than_the_one_before(db: Database, clock: HeldClock) -> None:
    send(db, clock, POISONED, a_file(1, "Poison"))
    pauses = []

    with planted(db, "Poison", a_bug):
        for _ in range(TRIES - 1):
            assert len(work(db, clock)) == 1
            rests_until = look(db, POISONED).not_before
            assert rests_until is not None
            pauses.append(rests_until - clock())
            clock.now = rests_until - timedelta(milliseconds=1)
            assert work(db, clock) == []
            clock.now = rests_until
        work(db, clock)

    assert pauses == sorted(set(pauses)) and len(pauses) == 3
    assert look(db, POISONED).state == ImportState.FAILED
    assert "only being checked, and nothing was changed" in look(db, POISONED).problem


def test_a_fault_that_passes_is_forgotten(db: Database, clock: HeldClock) -> None:
    send(db, clock, POISONED, a_file(1, "Poison"))
    with planted(db, "Poison", a_bug):
        work(db, clock)

    clock.now += WHILE
    work(db, clock)

    found = look(db, POISONED)
    assert (found.state, found.faults, found.not_before) == (ImportState.CHECKED, 0, None)


def test_a_busy_database_is_waited_for_however_long_it_takes(db: Database, clock: HeldClock) -> None:
    send(db, clock, POISONED, a_file(1, "Poison"))
    work(db, clock)
    apply(db, clock, POISONED)

    with planted(db, "Poison", lambda: TooMany("The node is busy just now.")):
        told = work(db, clock)

    assert len(told) > 2 * TRIES and look(db, POISONED).faults == 0
    work(db, clock)
    assert look(db, POISONED).state == ImportState.APPLIED
