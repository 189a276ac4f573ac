"""Meetings that took place, on SQLite and on PostgreSQL: who was there, and those recorded afterwards."""

from datetime import timedelta

import pytest

from fosse.events.v1 import facts_pb2 as pb
from services.common.database import Database
from services.common.errors import Conflict, Invalid
from services.events.domain.attendance import Attendance, Presence
from services.events.domain.room import Decision
from services.events.usecases import attending, reading
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    AFTER,
    CATH,
    DURING,
    ITEM,
    announced,
    book,
    call_off,
    decisions_said,
    get,
    note,
    record,
    standing,
    update,
)
from tests.store.told import said
from tests.unit.events.meetings import NOW, SOCIAL_CARE, a_member, an_id

OTHER = a_member(50, community=SOCIAL_CARE)


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def test_a_recorded_meeting_has_its_attendance_and_mails_nobody(db: Database) -> None:
    made = record(db, refused=4)

    assert record(db) == made
    assert (made.recorded, made.attendance_closed, made.guests) == (True, True, 3)
    assert standing(db)[an_id(4)].standing.shown is Decision.DECLINED
    _, attendance = attending.get(db, ITEM, person=CATH, now=NOW)
    assert attendance.present == {an_id(1): Presence.ROOM, an_id(2): Presence.ONLINE, an_id(3): Presence.ABSENT}
    assert reading.present(db, ITEM) == [an_id(1), an_id(2)]
    closed = said(db, pb.AttendanceClosed)
    assert [(each.present, each.ask_pulse) for each in closed] == [(2, False)]
    assert [each.refused for each in said(db, pb.RefusalsRecorded)] == [4]
    assert [each.recorded for each in said(db, pb.MeetingChanged)] == [True]
    assert (said(db, pb.MeetingAnnounced), decisions_said(db)) == ([], [])


def test_what_is_recorded_must_be_over_and_named_once(db: Database) -> None:
    with pytest.raises(Invalid, match="is over can be recorded"):
        record(db, day="2026-12-10")
    with pytest.raises(Invalid):
        record(db, present=[(an_id(1), 2), (an_id(1), 1)])
    with pytest.raises(Invalid):
        record(db, present=[("ann", 2)])
    with pytest.raises(Invalid) as refusal:
        record(db, guests=-1)
    assert "guests" in refusal.value.fields


def test_the_words_of_a_recorded_meeting_can_be_corrected(db: Database) -> None:
    record(db, room_holds=0, online_holds=0)

    after = update(db, 1, day="2026-06-11", room_holds=0, online_holds=0, title="Corrected title")

    assert after.words.title == "Corrected title"


def test_the_attendance_list_begins_with_everybody_who_has_a_place(db: Database) -> None:
    announced(db, room_holds=1)
    book(db, 1)
    book(db, 2)

    _, proposed = attending.get(db, ITEM, person=CATH, now=DURING)

    assert proposed == Attendance(0, {an_id(1): Presence.ROOM})


def test_who_was_there_is_noted_once_and_corrected_where_it_changed(db: Database) -> None:
    announced(db)
    book(db, 1)
    first = note(db, (1, 2), (7, 3), guests=2)
    assert note(db, (1, 2), (7, 3), guests=2) == first

    second = note(db, (1, 1), (7, 3), version=1, guests=2, close=True)

    assert (second.version, second.closed, second.count) == (2, True, 1)
    noted = [(int(each.member_id, 16), each.presence, each.version) for each in said(db, pb.AttendanceNoted)]
    assert sorted(noted) == [(1, 1, 2), (1, 2, 1), (7, 3, 1)]
    assert [(each.present, each.ask_pulse) for each in said(db, pb.AttendanceClosed)] == [(1, True)]
    note(db, (1, 2), (7, 3), version=2, guests=2)
    assert len(said(db, pb.AttendanceClosed)) == 1
    assert get(db, CATH).meeting.attendance_closed


def test_who_no_longer_stands_in_the_list_was_not_there(db: Database) -> None:
    announced(db)
    note(db, (1, 2), (2, 2))

    after = note(db, (1, 2), version=1)

    assert after.present == {an_id(1): Presence.ROOM, an_id(2): Presence.ABSENT}
    assert reading.present(db, ITEM) == [an_id(1)]


def test_a_list_that_two_convenors_keep_is_not_overwritten(db: Database) -> None:
    announced(db)
    note(db, (1, 2))

    with pytest.raises(Conflict, match="Somebody else saved this list"):
        note(db, (2, 2))


def test_nobody_was_at_a_meeting_that_has_not_begun_or_was_called_off(db: Database) -> None:
    announced(db)
    with pytest.raises(Conflict, match="not begun"):
        note(db, (1, 2), now=NOW)
    call_off(db)
    with pytest.raises(Conflict, match="did not take place"):
        note(db, (1, 2))


def test_the_pulse_is_not_asked_weeks_later(db: Database) -> None:
    announced(db)

    note(db, (1, 2), now=AFTER + timedelta(days=14), close=True)

    assert [each.ask_pulse for each in said(db, pb.AttendanceClosed)] == [False]
