"""Who sees which meeting, and in which order, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import event

from services.common.database import Database
from services.common.errors import NotFound
from services.events.domain.room import Decision
from services.events.messages.shown import Shown
from services.events.usecases import reading
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    ANN,
    BEN,
    CATH,
    ITEM,
    announced,
    book,
    create,
    get,
)
from tests.unit.events.meetings import CARE_HOMES, NOW, SOCIAL_CARE, a_convenor, a_member, an_id

OTHER = a_member(50, community=SOCIAL_CARE)


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def test_a_draft_is_seen_by_convenors_and_nobody_else(db: Database) -> None:
    create(db, audience=3)

    assert get(db, CATH).may_change
    for person in (ANN, None, a_convenor(901, community=SOCIAL_CARE)):
        with pytest.raises(NotFound):
            get(db, person)


@pytest.mark.parametrize(
    ("audience", "sees"), [(1, {"member": True}), (2, {"member": True, "other": True}), (3, {"nobody": True})]
)
def test_who_sees_an_announced_meeting_is_as_its_audience_says(
    db: Database, audience: int, sees: dict[str, bool]
) -> None:
    announced(db, audience=audience)
    people = {"member": ANN, "other": OTHER, "nobody": None}

    for name, person in people.items():
        listed = reading.list_meetings(db, reading.Wanted("", False, None, 10), person=person, now=NOW)
        if sees.get(name) or audience == 3:
            assert get(db, person).meeting.id == ITEM and len(listed) == 1
        else:
            assert listed == []
            with pytest.raises(NotFound):
                get(db, person)


def test_meetings_are_listed_the_next_first_and_past_ones_the_last_first_in_pages(db: Database) -> None:
    for number in range(1, 5):
        announced(db, an_id(100 + number), day=f"2026-12-0{number}")
    book(db, 1, item=an_id(102))

    def page(past: bool, beyond: tuple[object, str] | None = None) -> list[Shown]:
        now = NOW + timedelta(days=30) if past else NOW
        wanted = reading.Wanted(CARE_HOMES, past, beyond, 2)  # type: ignore[arg-type]  # a place
        return reading.list_meetings(db, wanted, person=ANN, now=now)

    first = page(False)
    last = first[-1].meeting
    second = page(False, (last.when.starts_at, last.id))

    assert [each.meeting.id for each in (*first, *second)] == [an_id(100 + number) for number in range(1, 5)]
    assert [each.place.standing.shown for each in first if each.place] == [Decision.NONE, Decision.ROOM]
    assert [each.meeting.words.day for each in page(True)] == ["2026-12-04", "2026-12-03"]


def test_a_list_takes_two_statements_whatever_the_page(db: Database) -> None:
    for number in range(1, 9):
        announced(db, an_id(100 + number))
    asked: list[str] = []

    def count(_c: object, _k: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", count)
    reading.list_meetings(db, reading.Wanted("", False, None, 100), person=ANN, now=NOW)

    assert len([each for each in asked if each.lstrip().upper().startswith("SELECT")]) == 2


def test_a_convenor_finds_drafts_in_the_list_and_members_do_not(db: Database) -> None:
    create(db)
    wanted = reading.Wanted("", False, None, 10)

    assert len(reading.list_meetings(db, wanted, person=CATH, now=NOW)) == 1
    assert reading.list_meetings(db, wanted, person=BEN, now=NOW) == []
