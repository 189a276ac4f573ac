"""Minutes, on SQLite and on PostgreSQL: written, tried, published."""

import pytest

from fosse.events.v1 import facts_pb2 as pb
from services.common.database import Database
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.events.domain.minutes import Item, MinutesWords, mailing_id
from services.events.usecases import minutes
from tests.conftest import MakeDatabase
from tests.store.events_acts import (
    AFTER,
    ANN,
    CATH,
    ITEM,
    WORDS,
    announced,
    call_off,
    get,
    publish,
    record,
    write,
)
from tests.store.told import said
from tests.unit.events.meetings import NOW, SOCIAL_CARE, a_convenor, a_member, an_id


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database("events")


def try_on_oneself(db: Database, number: int = 700, person: object = CATH, item: str = ITEM) -> None:
    minutes.test(db, an_id(number), meeting_id=item, person=person, now=NOW)  # type: ignore[arg-type]  # a person


def test_a_draft_is_saved_by_version_and_read_by_convenors_only(db: Database) -> None:
    announced(db)
    first = write(db)
    assert write(db) == first

    with pytest.raises(Conflict, match="Somebody else saved these minutes") as refusal:
        write(db, MinutesWords((Item("Other"),)))

    assert refusal.value.fields["yours.items"] == "Other"
    assert "slippers" in refusal.value.fields["theirs.items"]
    seen = minutes.get(db, ITEM, CATH)
    assert seen.draft == first and seen.may_change
    assert minutes.get(db, ITEM, ANN).draft is None
    assert minutes.get(db, ITEM, None).draft == first
    with pytest.raises(NotAllowed):
        write(db, person=ANN)
    with pytest.raises(NotFound):
        write(db, person=a_convenor(901, community=SOCIAL_CARE))


def test_publishing_reaches_all_who_may_see_the_meeting_and_keeps_each_edition(db: Database) -> None:
    announced(db)
    write(db)
    first = publish(db)
    write(db, MinutesWords((Item("Falls", "Corrected."),), reply_to="cath@trent.example"), version=1)
    second = publish(db, 2)

    seen = minutes.get(db, ITEM, ANN).editions

    assert seen == [second, first]
    assert [each.words.items[0].discussion for each in seen] == ["Corrected.", "We talked about slippers."]
    assert [(each.edition, each.mail, each.mailing_id) for each in said(db, pb.MinutesPublished)] == [
        (1, True, mailing_id(ITEM, 1)), (2, True, mailing_id(ITEM, 2)),
    ]  # fmt: skip
    assert get(db).meeting.minutes_edition == 2
    with pytest.raises(NotFound):
        minutes.get(db, ITEM, a_member(5, community=SOCIAL_CARE))


def test_publishing_the_same_again_answers_the_same_edition(db: Database) -> None:
    announced(db)
    write(db)

    assert publish(db) == publish(db)
    assert len(said(db, pb.MinutesPublished)) == 1


def test_minutes_published_silently_can_be_mailed_afterwards(db: Database) -> None:
    announced(db)
    write(db)
    silent = publish(db, mail=False)

    mailed = publish(db)

    assert (silent.mailing_id, mailed.edition, mailed.mailed) == ("", 2, True)


def test_somebody_else_who_saved_meanwhile_is_not_published_unread(db: Database) -> None:
    announced(db)
    write(db)
    write(db, MinutesWords((Item("Other"),)), version=1)

    with pytest.raises(Conflict):
        publish(db, 1)


def test_empty_minutes_and_minutes_before_the_meeting_are_not_published(db: Database) -> None:
    announced(db)
    with pytest.raises(Invalid, match="nothing to read"):
        publish(db, 0)
    write(db)
    with pytest.raises(Conflict, match="not begun"):
        publish(db, now=NOW)


def test_minutes_of_a_recorded_meeting_are_published_without_a_mail(db: Database) -> None:
    record(db)
    write(db)

    with pytest.raises(Invalid, match="without a mail") as refusal:
        publish(db)
    assert "mail" in refusal.value.fields

    assert not publish(db, mail=False).mailed
    assert [(each.mail, each.mailing_id) for each in said(db, pb.MinutesPublished)] == [(False, "")]


def test_a_meeting_that_was_called_off_has_no_minutes(db: Database) -> None:
    announced(db)
    call_off(db)

    with pytest.raises(Conflict, match="no minutes"):
        write(db)


def test_trying_minutes_on_oneself_mails_once_for_each_form(db: Database) -> None:
    announced(db)
    announced(db, an_id(101))
    with pytest.raises(Invalid):
        try_on_oneself(db)
    write(db)

    try_on_oneself(db)
    try_on_oneself(db)
    try_on_oneself(db, 701)

    tested = said(db, pb.MinutesTested)
    assert [(each.member_id, each.test_id) for each in tested] == [
        (CATH.member_id, an_id(700)), (CATH.member_id, an_id(701)),
    ]  # fmt: skip
    with pytest.raises(NotAllowed, match="already used"):
        try_on_oneself(db, person=a_convenor(902))
    with pytest.raises(NotAllowed):
        try_on_oneself(db, 702, person=ANN)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (MinutesWords(WORDS.items, reply_to="not an address"), "reply_to"),
        (MinutesWords((Item("", "text without a title"),)), "items"),
        (MinutesWords((Item("x" * 201),)), "items"),
        (MinutesWords((Item("Falls"),) * 61), "items"),
        (MinutesWords(WORDS.items, ("x" * 1001,)), "actions"),
    ],
)
def test_what_cannot_be_kept_is_named_by_its_field(db: Database, words: MinutesWords, field: str) -> None:
    announced(db)

    with pytest.raises(Invalid) as refusal:
        write(db, words)

    assert set(refusal.value.fields) == {field}


def test_lines_that_a_form_left_empty_are_none(db: Database) -> None:
    announced(db)

    kept = write(db, MinutesWords((Item("Falls"), Item(" ")), ("", "Call Ann."))).words

    assert kept == MinutesWords((Item("Falls"),), ("Call Ann.",))
    assert minutes.get(db, ITEM, CATH).draft is not None
    assert publish(db, now=AFTER).words == kept
