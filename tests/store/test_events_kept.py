"""What is kept about places, on SQLite and on PostgreSQL: what helps people, who decided what, who did it."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from fosse.events.v1 import facts_pb2 as pb
from services.common import audit
from services.common.database import Database
from services.common.errors import Invalid, NotAllowed, NotFound
from services.events.domain.room import Asked, Decision
from services.events.store.tables import need
from services.events.usecases import arranging, reading
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    A_WEEK_LATER,
    AFTER,
    ANN,
    BEN,
    CATH,
    ITEM,
    announced,
    ask,
    book,
    cancel,
    get,
    standing,
)
from tests.store.told import said
from tests.unit.events.meetings import NOW, SOCIAL_CARE, a_convenor

ROOM, ONLINE, WAITING = Decision.ROOM, Decision.ONLINE, Decision.WAITING


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def test_a_place_that_a_convenor_books_for_a_member_says_so(db: Database) -> None:
    announced(db)

    ask(db, Asked.ROOM, replace(ANN, acting_id=CATH.member_id), 5)

    assert standing(db)[ANN.member_id].by_member_id == CATH.member_id


def test_what_helps_somebody_is_seen_by_convenors_and_the_member_and_told_to_nobody_else(db: Database) -> None:
    announced(db)
    book(db, 1, needs="  A seat near the door. ")
    book(db, 2)

    seen = get(db, ANN).place
    assert seen and seen.needs == "A seat near the door."
    other = get(db, BEN).place
    assert other and other.needs == ""
    assert [each.needs for each in reading.list_places(db, ITEM, person=CATH, now=NOW)[1]] == [
        "A seat near the door.", "",
    ]  # fmt: skip
    with pytest.raises(NotAllowed):
        reading.list_places(db, ITEM, person=BEN, now=NOW)
    assert not any(b"door" in each.SerializeToString() for each in said(db, pb.PlaceDecided))


def test_what_helps_somebody_can_be_said_later_and_goes_with_the_place(db: Database) -> None:
    announced(db)
    book(db, 1)
    book(db, 1, request=5, needs="Large print.")
    assert standing(db)[ANN.member_id].needs == "Large print."

    cancel(db, 1)

    with db.read() as conn:
        assert conn.execute(select(need)).all() == []
    with pytest.raises(Invalid) as refusal:
        book(db, 2, needs="x" * 1001)
    assert "access_needs" in refusal.value.fields


def test_what_helps_people_is_forgotten_a_week_after_the_meeting(db: Database) -> None:
    announced(db)
    book(db, 1, needs="Large print.")

    assert arranging.forget_needs(db, ITEM, AFTER) == get(db).meeting.when.ends_at + arranging.NEEDS_KEPT
    assert standing(db)[ANN.member_id].needs == "Large print."
    assert arranging.forget_needs(db, ITEM, A_WEEK_LATER) is None
    assert standing(db)[ANN.member_id].needs == ""


def test_a_member_reads_their_own_decisions_and_a_convenor_all(db: Database) -> None:
    announced(db, room_holds=1)
    book(db, 1)
    book(db, 2)
    cancel(db, 1)

    mine = reading.list_decisions(db, ITEM, person=BEN, after=0, limit=10)
    all_ = reading.list_decisions(db, ITEM, person=CATH, after=1, limit=2)

    assert [(each.asked, each.decision) for each, _ in mine] == [(Asked.ROOM, WAITING), (Asked.PROMOTION, ROOM)]
    assert [each.number for each, _ in all_] == [2, 3]


def test_each_change_is_audited_with_who_made_it(db: Database) -> None:
    announced(db)
    book(db, 1)
    book(db, 1, request=5)
    cancel(db, 1)

    with db.read() as conn:
        rows = audit.rows_before(conn, ITEM, None, 10)
    assert [(row.actor, row.action) for row in reversed(rows)] == [
        (CATH.member_id, "created"),
        (CATH.member_id, "announced"),
        (ANN.member_id, "place: room"),
        (ANN.member_id, "place: given back"),
    ]


def test_another_communitys_convenor_sees_no_list_of_places(db: Database) -> None:
    announced(db)

    with pytest.raises(NotFound):
        reading.list_places(db, ITEM, person=a_convenor(901, community=SOCIAL_CARE), now=NOW)
