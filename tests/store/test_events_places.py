"""Places at a meeting, on SQLite and on PostgreSQL: booking, waiting, cancelling, and what is remembered of it."""

import pytest

from fosse.events.v1 import facts_pb2 as pb
from services.common.database import Database
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.events.domain.room import Asked, Decision
from services.events.usecases import reading
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    AFTER,
    CATH,
    DURING,
    ITEM,
    announced,
    ask,
    book,
    call_off,
    cancel,
    create,
    decisions_said,
    decline,
    get,
    log,
    recomputed,
    standing,
    update,
)
from tests.store.told import said
from tests.unit.events.meetings import NOW, SOCIAL_CARE, a_member, an_id

ROOM, ONLINE, WAITING = Decision.ROOM, Decision.ONLINE, Decision.WAITING


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def test_the_twenty_first_waits_with_a_position_and_a_reason_and_may_come_online(db: Database) -> None:
    announced(db)
    for number in range(1, 21):
        assert book(db, number).decided.decision is ROOM

    twenty_first = book(db, 21)

    assert (twenty_first.decided.decision, twenty_first.decided.position) == (WAITING, 1)
    assert "The room holds 20 and all places are taken. You are number 1" in twenty_first.decided.reason
    assert twenty_first.online_offered
    meeting = get(db).meeting
    assert (meeting.figures.room_free, meeting.figures.waiting, meeting.version) == (0, 1, 2)
    assert twenty_first.decided.receipt == 21
    recomputed(db)


def test_cancelling_promotes_the_next_in_the_same_transaction(db: Database) -> None:
    announced(db, room_holds=1)
    for number in (1, 2, 3):
        book(db, number)

    cancelled = cancel(db, 1)

    held = standing(db)
    assert held[an_id(2)].standing.shown is ROOM
    assert (held[an_id(3)].standing.shown, held[an_id(3)].position) == (WAITING, 1)
    assert decisions_said(db)[-2:] == [(1, Decision.GIVEN_BACK, False, False), (2, ROOM, True, False)]
    assert [each.receipt for each in said(db, pb.PlaceDecided)[-2:]] == [cancelled.decided.receipt] * 2
    assert [each.version for each in said(db, pb.PlaceDecided)] == [1, 1, 1, 2, 2]
    recomputed(db)


def test_whoever_cancels_and_books_again_is_last_in_line(db: Database) -> None:
    announced(db, room_holds=1)
    for number in (1, 2, 3):
        book(db, number)

    cancel(db, 2)
    again = book(db, 2, request=40_002)

    assert (again.decided.decision, again.decided.position) == (WAITING, 2)
    assert standing(db)[an_id(3)].position == 1
    recomputed(db)


def test_the_same_request_twice_answers_the_first_result(db: Database) -> None:
    announced(db, room_holds=1)
    book(db, 1)
    first = book(db, 2)
    cancel(db, 1)

    second = book(db, 2)

    assert first.decided == second.decided
    assert len(log(db)) == 4
    assert len(said(db, pb.PlaceDecided)) == 4


def test_a_request_sent_again_after_the_meeting_still_answers_the_first_result(db: Database) -> None:
    announced(db)
    first = book(db, 1)

    assert book(db, 1, now=AFTER).decided == first.decided


def test_two_tabs_give_one_place(db: Database) -> None:
    announced(db)
    first = book(db, 1, request=1)

    second = book(db, 1, request=2)

    assert second.decided.decision is ROOM
    assert (first.decided.receipt, second.decided.receipt) == (1, 2)
    assert get(db).meeting.figures.room_taken == 1
    assert len(said(db, pb.PlaceDecided)) == 1
    recomputed(db)


def test_a_form_that_somebody_else_used_is_refused(db: Database) -> None:
    announced(db)
    announced(db, an_id(101))
    book(db, 1, request=7)

    with pytest.raises(NotAllowed, match="already used"):
        book(db, 2, request=7)
    with pytest.raises(NotAllowed, match="already used"):
        cancel(db, 1, request=7)
    with pytest.raises(NotAllowed, match="already used"):
        book(db, 1, request=7, item=an_id(101))
    assert len(log(db)) == 1


def test_who_waits_takes_part_online_and_gives_it_back_when_promoted(db: Database) -> None:
    announced(db, room_holds=1, online_holds=1)
    book(db, 1)
    book(db, 2)
    online = book(db, 2, asked=Asked.ONLINE, request=5)
    refused = book(db, 3, asked=Asked.ONLINE)
    assert (online.decided.decision, online.decided.position) == (ONLINE, 1)
    assert refused.decided.decision is Decision.REFUSED

    cancel(db, 1)

    assert standing(db)[an_id(2)].standing.holds is ROOM
    assert book(db, 3, asked=Asked.ONLINE, request=6).decided.decision is ONLINE
    recomputed(db)


def test_apologies_give_the_place_back_and_stand_in_the_list(db: Database) -> None:
    announced(db, room_holds=1)
    book(db, 1)
    book(db, 2)

    decline(db, 1)
    decline(db, 3)

    _, listed = reading.list_places(db, ITEM, person=CATH, now=NOW)
    assert [(int(each.member_id, 16), each.standing.shown) for each in listed] == [
        (2, ROOM), (1, Decision.DECLINED), (3, Decision.DECLINED),
    ]  # fmt: skip
    assert [int(each.member_id, 16) for each in reading.place_holders(db, ITEM)] == [2]


def test_more_places_go_to_those_who_wait_in_order(db: Database) -> None:
    announced(db, room_holds=1)
    for number in (1, 2, 3, 4):
        book(db, number)

    after = update(db, 2, room_holds=3)

    assert (after.figures.room_taken, after.figures.waiting) == (3, 1)
    assert decisions_said(db)[-2:] == [(2, ROOM, True, False), (3, ROOM, True, False)]
    assert standing(db)[an_id(4)].position == 1
    assert {each.receipt for each in log(db)[-2:]} == {5}
    recomputed(db)
    assert cancel(db, 1).decided.receipt == 6


def test_fewer_places_than_are_taken_are_refused_with_numbers(db: Database) -> None:
    announced(db)
    for number in range(1, 4):
        book(db, number)
    book(db, 4, asked=Asked.ONLINE)

    with pytest.raises(Invalid, match="3 people have a place in the room, so it cannot hold 1") as refusal:
        update(db, 2, room_holds=1, online_holds=0)

    assert set(refusal.value.fields) == {"room_holds", "online_holds"}
    assert update(db, 2, room_holds=3).figures.room_holds == 3


def test_drafts_past_and_cancelled_meetings_take_no_bookings_and_say_why(db: Database) -> None:
    create(db)
    with pytest.raises(NotFound):
        book(db, 1)
    with pytest.raises(Conflict, match="not announced yet"):
        ask(db, Asked.ROOM, CATH, 5)
    announced(db, an_id(101))
    with pytest.raises(Conflict, match=r"ended on 10 December 2026 at 16:00"):
        book(db, 1, item=an_id(101), now=AFTER)
    assert book(db, 1, item=an_id(101), now=DURING).decided.decision is ROOM


def test_a_meeting_that_was_called_off_keeps_who_must_be_told_and_promotes_nobody(db: Database) -> None:
    announced(db, room_holds=1)
    book(db, 1)
    book(db, 2)

    call_off(db)

    with pytest.raises(Conflict, match="called off: The hall is flooded"):
        cancel(db, 1)
    assert [each.position for each in reading.place_holders(db, ITEM)] == [0, 1]
    assert [each.version for each in said(db, pb.MeetingCalledOff)] == [3]


def test_places_are_for_members_of_the_community(db: Database) -> None:
    announced(db, audience=2)

    with pytest.raises(NotAllowed, match="for members of its community"):
        ask(db, Asked.ROOM, a_member(5, community=SOCIAL_CARE), 5)
