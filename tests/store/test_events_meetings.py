"""Meetings, on SQLite and on PostgreSQL: drafting, announcing, moving, calling off."""

from datetime import timedelta
from typing import Any

import pytest

from fosse.events.v1 import facts_pb2 as pb
from services.common.database import Database
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.events.domain.attendance import Presence
from services.events.domain.meeting import State
from services.events.domain.words import AgendaItem, Audience
from services.events.usecases import arranging, reading
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    AFTER,
    ANN,
    CATH,
    announce,
    announced,
    call_off,
    create,
    get,
    note,
    update,
)
from tests.store.told import said
from tests.unit.events.meetings import NOW, SOCIAL_CARE, a_convenor, a_member, an_id

OTHER = a_member(50, community=SOCIAL_CARE)


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def test_a_draft_is_made_once_however_often_its_form_is_sent(db: Database) -> None:
    first, second = create(db), create(db, title="Sent again")

    assert first == second
    assert (first.state, first.version) == (State.DRAFT, 1)
    assert [(each.state, each.version) for each in said(db, pb.MeetingChanged)] == [(pb.MEETING_STATE_DRAFT, 1)]
    with pytest.raises(NotAllowed, match="already used"):
        create(db, person=a_convenor(901))


def test_what_was_written_is_read_back(db: Database) -> None:
    create(db, directions="Ring twice.\nAsk for Cath.")

    kept = get(db, CATH).meeting

    assert kept.words.directions == "Ring twice.\nAsk for Cath."
    assert kept.words.agenda == (AgendaItem("Welcome", 10, "Cath"), AgendaItem("Falls", 40))
    assert kept == create(db)


@pytest.mark.parametrize("person", [ANN, a_convenor(901, community=SOCIAL_CARE)])
def test_only_convenors_of_the_community_make_and_change_meetings(db: Database, person: object) -> None:
    with pytest.raises(NotAllowed):
        create(db, person=person)  # type: ignore[arg-type]  # one of two people


def test_a_day_that_is_over_is_refused_for_a_new_meeting(db: Database) -> None:
    with pytest.raises(Invalid) as refusal:
        create(db, day="2026-11-20")
    assert "day" in refusal.value.fields


def test_a_meeting_that_nobody_noted_before_it_began_is_noted_while_it_runs(db: Database) -> None:
    create(db, day="2026-11-23", starts="08:30", ends="10:00")

    announce(db)

    assert note(db, (1, 2), now=NOW).present == {an_id(1): Presence.ROOM}


def test_announcing_twice_by_one_form_announces_once_and_invites_once(db: Database) -> None:
    create(db)

    first, second = announce(db, invite=True), announce(db, invite=True)

    assert first == second
    assert first.state is State.ANNOUNCED
    assert [each.version for each in said(db, pb.MeetingAnnounced)] == [2]


def test_members_can_be_invited_later_and_once(db: Database) -> None:
    announced(db)
    assert said(db, pb.MeetingAnnounced) == []
    assert announce(db, 2).version == 2

    announce(db, 2, invite=True)
    announce(db, 2, invite=True)

    assert [each.version for each in said(db, pb.MeetingAnnounced)] == [3]


def test_an_incomplete_draft_or_one_whose_day_is_over_cannot_be_announced(db: Database) -> None:
    create(db, venue="")
    with pytest.raises(Invalid, match="complete it first"):
        announce(db)
    create(db, an_id(101), now=NOW - timedelta(days=60), day="2026-10-25", starts="01:30", ends="03:00")
    with pytest.raises(Invalid, match="over already"):
        announce(db, item=an_id(101))


def test_two_convenors_changing_one_meeting_lose_nothing(db: Database) -> None:
    announced(db)
    update(db, 2, title="Cath's title")

    with pytest.raises(Conflict) as refusal:
        update(db, 2, title="Another title", venue="Town Hall")

    assert refusal.value.fields["version"] == "3"
    assert refusal.value.fields["theirs.title"] == "Cath's title"
    assert refusal.value.fields["yours.venue"] == "Town Hall"


def test_saving_the_same_again_changes_nothing(db: Database) -> None:
    announced(db)
    after = update(db, 2, title="A better title")

    assert update(db, 2, title="A better title") == after
    assert len(said(db, pb.MeetingChanged)) == 3


@pytest.mark.parametrize(
    "words", [{"day": "2026-12-11"}, {"ends": "17:00"}, {"venue": "Town Hall"}, {"online_link": ""}]
)
def test_a_meeting_that_is_moved_tells_those_who_have_a_place(db: Database, words: dict[str, Any]) -> None:
    announced(db)

    after = update(db, 2, **words)

    assert [each.version for each in said(db, pb.MeetingMoved)] == [3]
    assert after.state is State.ANNOUNCED


def test_other_words_and_drafts_move_nobody(db: Database) -> None:
    create(db)
    update(db, 1, day="2026-12-11")
    announce(db, 2)
    update(db, 3, day="2026-12-11", title="Another title", about="Other words.")

    assert said(db, pb.MeetingMoved) == []


def test_a_meeting_that_is_over_cannot_be_moved_but_its_words_can_be_corrected(db: Database) -> None:
    announced(db)

    with pytest.raises(Conflict, match="is over"):
        update(db, 2, now=AFTER, day="2026-12-17")
    with pytest.raises(Conflict, match="is over"):
        update(db, 2, now=AFTER, room_holds=30)

    assert update(db, 2, now=AFTER, about="What was said.").words.about == "What was said."


def test_a_meeting_cannot_be_moved_into_the_past(db: Database) -> None:
    announced(db)

    with pytest.raises(Invalid) as refusal:
        update(db, 2, day="2026-11-01")

    assert "day" in refusal.value.fields


def test_calling_off_needs_a_reason_happens_once_and_is_told_to_who_could_see_it(db: Database) -> None:
    announced(db)
    with pytest.raises(Invalid):
        call_off(db, because=" ")

    first, second = call_off(db), call_off(db)

    assert first == second and first.cancelled_because == "The hall is flooded."
    assert len(said(db, pb.MeetingCalledOff)) == 1
    with pytest.raises(Conflict):
        call_off(db, 3, because="Another reason")
    with pytest.raises(Conflict, match="called off"):
        update(db, 3, title="Another title")


def test_a_draft_that_is_called_off_is_never_shown_to_who_could_not_see_the_draft(db: Database) -> None:
    create(db, audience=Audience.PUBLIC)
    call_off(db, 1)

    for person in (None, ANN, OTHER):
        with pytest.raises(NotFound):
            get(db, person)
        wanted = reading.Wanted("", False, None, 10)
        assert reading.list_meetings(db, wanted, person=person, now=NOW) == []
    assert get(db, CATH).meeting.state is State.CANCELLED


def test_a_draft_that_is_called_off_and_a_meeting_that_is_over_disturb_nobody(db: Database) -> None:
    create(db)
    call_off(db, 1)
    assert said(db, pb.MeetingCalledOff) == []
    announced(db, an_id(101))
    with pytest.raises(Conflict, match="over"):
        arranging.cancel(db, an_id(101), expected_version=2, because="Too late.", person=CATH, now=AFTER)
