"""Many people at the same moment, on SQLite and on PostgreSQL."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fosse.events.v1 import facts_pb2 as pb
from services.common.database import Database
from services.common.errors import Refusal, TooMany
from services.events.domain.room import Decision
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    announced,
    book,
    cancel,
    get,
    log,
    publish,
    recomputed,
    standing,
    update,
    write,
)
from tests.store.told import said
from tests.unit.events.meetings import an_id

PEOPLE = 200


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def together(act: Callable[[int], Any], count: int) -> list[Any]:
    """All start at once; who is told that the node is busy tries again with the same form, as its page says."""

    def patient(number: int) -> Any:
        while True:
            try:
                return act(number)
            except TooMany:
                continue
            except Refusal as refusal:
                return type(refusal).__name__

    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(patient, range(1, count + 1)))


def test_two_hundred_at_once_for_twenty_places_give_exactly_twenty(db: Database) -> None:
    announced(db, room_holds=20)

    answers = together(lambda number: book(db, number), PEOPLE)

    decided = Counter(answer.decided.decision for answer in answers)
    assert decided == {Decision.ROOM: 20, Decision.WAITING: PEOPLE - 20}
    figures = get(db).meeting.figures
    assert (figures.room_taken, figures.waiting) == (20, PEOPLE - 20)
    assert sorted(answer.decided.receipt for answer in answers) == list(range(1, PEOPLE + 1))
    assert len(said(db, pb.PlaceDecided)) == PEOPLE
    assert sorted(place.position for place in standing(db).values()) == [0] * 20 + list(range(1, PEOPLE - 19))
    recomputed(db)


def test_places_given_back_all_at_once_go_to_those_who_wait_longest(db: Database) -> None:
    announced(db, room_holds=10)
    for number in range(1, 26):
        book(db, number)

    together(lambda number: cancel(db, number), 10)

    held = standing(db)
    assert all(held[an_id(number)].standing.holds is Decision.ROOM for number in range(11, 21))
    assert [held[an_id(number)].position for number in range(21, 26)] == [1, 2, 3, 4, 5]
    recomputed(db)


def test_one_form_sent_many_times_at_once_books_once(db: Database) -> None:
    announced(db)

    answers = together(lambda _: book(db, 1), 8)

    assert len({answer.decided for answer in answers}) == 1
    assert len(log(db)) == 1


def test_many_tabs_of_one_member_give_one_place(db: Database) -> None:
    announced(db)

    together(lambda number: book(db, 1, request=number), 8)

    assert get(db).meeting.figures.room_taken == 1
    assert len(said(db, pb.PlaceDecided)) == 1
    recomputed(db)


def test_bookings_while_the_room_grows_and_shrinks_stay_exact(db: Database) -> None:
    announced(db, room_holds=5)

    def act(number: int) -> object:
        if number % 10 == 0:
            meeting = get(db).meeting
            return update(db, meeting.version, room_holds=number)
        return cancel(db, number - 1) if number % 3 == 0 else book(db, number)

    together(act, 40)

    figures = get(db).meeting.figures
    assert figures.room_taken <= figures.room_holds
    assert not (figures.room_free and figures.waiting)
    recomputed(db)


def test_minutes_published_by_many_taps_are_one_edition(db: Database) -> None:
    announced(db)
    write(db)

    editions = together(lambda _: publish(db), 8)

    assert {edition.edition for edition in editions} == {1}
    assert len(said(db, pb.MinutesPublished)) == 1
