"""Events as pages, the API and other services meet it: a real server, real passes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1 import facts_pb2 as facts
from fosse.events.v1 import minutes_pb2
from services.common.access import LINK_RUN_OUT, Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.events_world import ANN, CATH, ITEM, MINUTES, World, events_alone, some_words
from tests.store.events_acts import standing
from tests.unit.events.meetings import CARE_HOMES, SOCIAL_CARE, a_convenor, a_member, an_id
from tests.waiting import until

OTHER = a_member(3, community=SOCIAL_CARE)
AFTER = datetime(2026, 12, 10, 17, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with events_alone(sqlite_databases, tmp_path) as world:
        yield world


def test_a_meeting_is_made_announced_booked_and_held(world: World) -> None:
    meeting = world.announced(room_holds=1)
    assert (meeting.state, meeting.version, meeting.room_free) == (facts.MEETING_STATE_ANNOUNCED, 2, 1)

    first, second = world.book(1), world.book(2)

    assert (first.place.decision, first.place.receipt) == (facts.DECISION_ROOM, 1)
    assert (second.place.decision, second.place.waiting_position) == (facts.DECISION_WAITING, 1)
    assert second.online_offered and "You are number 1" in second.place.reason
    world.cancel(1)
    mine = world.get(a_member(2)).mine
    assert (mine.decision, mine.waiting_position) == (facts.DECISION_ROOM, 0)
    world.clock.now = AFTER
    noted = pb.RecordAttendanceRequest(
        meeting_id=ITEM, present=[pb.Present(member_id=an_id(2), presence=facts.PRESENCE_ROOM)], guests=1, close=True
    )
    world.meetings.RecordAttendance(noted, metadata=world.as_(CATH))
    present = world.notification.ListPresent(pb.ListPresentRequest(meeting_id=ITEM))
    assert present.member_ids == [an_id(2)]
    after = world.get(ANN).meeting
    assert after.past and after.attendance_closed


def test_the_joining_link_is_for_who_has_a_place_and_for_convenors(world: World) -> None:
    world.announced(room_holds=1, audience=pb.MEETING_AUDIENCE_PUBLIC)
    world.book(1)
    world.book(2)

    def link(person: Person | None) -> str:
        return world.get(person).meeting.words.online_link

    assert link(a_member(1)) and link(CATH)
    assert not link(a_member(2)) and not link(a_member(9)) and not link(None)
    world.book(2, pb.WISH_ONLINE, id=an_id(5))
    assert link(a_member(2))
    described = world.notification.DescribeMeeting(pb.DescribeMeetingRequest(id=ITEM)).meeting
    assert described.words.title and not described.words.online_link
    listed = world.meetings.ListMeetings(pb.ListMeetingsRequest(), metadata=world.as_(a_member(9))).meetings
    assert [each.meeting.words.online_link for each in listed] == [""]


def test_public_meetings_are_read_without_signing_in_and_no_others(world: World) -> None:
    world.announced(audience=pb.MEETING_AUDIENCE_PUBLIC)
    world.announced(an_id(101), audience=pb.MEETING_AUDIENCE_NODE)
    world.announced(an_id(102))

    listed = world.meetings.ListMeetings(pb.ListMeetingsRequest()).meetings

    assert [each.meeting.id for each in listed] == [ITEM]
    assert not world.get(None).HasField("mine") and world.get(ANN).HasField("mine")
    for item in (an_id(101), an_id(102)):
        with pytest.raises(NotFound):
            world.get(None, item)
    assert world.get(OTHER, an_id(101)).meeting.id == an_id(101)
    with pytest.raises(NotFound):
        world.get(OTHER, an_id(102))


def test_a_links_page_tells_of_a_meeting_only_in_the_community_where_its_member_is_now(world: World) -> None:
    world.announced()
    world.announced(an_id(101), audience=pb.MEETING_AUDIENCE_PUBLIC)

    def described(item: str, *communities: str) -> str:
        request = pb.DescribeMeetingRequest(id=item, community_ids=communities)
        return world.meetings.DescribeMeeting(request).meeting.id

    assert described(ITEM, SOCIAL_CARE, CARE_HOMES) == ITEM
    for communities in ((SOCIAL_CARE,), ()):
        with pytest.raises(Conflict) as refused:
            described(ITEM, *communities)
        assert refused.value.sentence == LINK_RUN_OUT
        assert described(an_id(101), *communities) == an_id(101)


def test_what_is_a_convenors_is_refused_to_members_and_to_nobody(world: World) -> None:
    world.announced()
    update = pb.UpdateMeetingRequest(id=ITEM, expected_version=2, words=some_words(title="Mine now"))

    for person in (ANN, None):
        with pytest.raises(NotAllowed):
            world.meetings.UpdateMeeting(update, metadata=world.as_(person))
        with pytest.raises(NotAllowed):
            world.meetings.ListPlaces(pb.ListPlacesRequest(meeting_id=ITEM), metadata=world.as_(person))
    stranger = a_convenor(901, community=SOCIAL_CARE)
    with pytest.raises(NotFound):
        world.meetings.UpdateMeeting(update, metadata=world.as_(stranger))
    with pytest.raises(NotAllowed):
        world.meetings.ListPresent(pb.ListPresentRequest(meeting_id=ITEM), metadata=world.as_(CATH))


def test_a_convenor_of_another_community_cannot_book_or_look_in(world: World) -> None:
    world.announced()

    with pytest.raises(NotFound):
        world.book(3, person=OTHER)
    with pytest.raises(NotFound):
        world.meetings.ListDecisions(pb.ListDecisionsRequest(meeting_id=ITEM), metadata=world.as_(OTHER))


def test_who_asks_for_nothing_that_is_known_is_refused(world: World) -> None:
    world.announced()

    with pytest.raises(Invalid) as refusal:
        world.book(1, wish=7)
    assert "wish" in refusal.value.fields
    with pytest.raises(Invalid):
        world.book(1, id="not an id")


def test_lists_come_in_pages_that_hold_together(world: World) -> None:
    for number in range(1, 6):
        world.announced(an_id(100 + number), day=f"2026-12-0{number}")
    found: list[str] = []
    token = ""
    while True:
        asked = pb.ListMeetingsRequest(community_id=CARE_HOMES, page_size=2, page_token=token)
        page = world.meetings.ListMeetings(asked, metadata=world.as_(ANN))
        found += [each.meeting.id for each in page.meetings]
        token = page.next_page_token
        if not token:
            break

    assert found == [an_id(100 + number) for number in range(1, 6)]
    with pytest.raises(Invalid):
        world.meetings.ListMeetings(pb.ListMeetingsRequest(page_token="WyJ4IiwieSJd"), metadata=world.as_(ANN))


def test_decisions_come_in_pages_with_what_they_were_made_on(world: World) -> None:
    world.announced(room_holds=1)
    world.book(1)
    world.book(2)
    world.cancel(1)

    first = world.meetings.ListDecisions(
        pb.ListDecisionsRequest(meeting_id=ITEM, page_size=3), metadata=world.as_(CATH)
    )
    second = world.meetings.ListDecisions(
        pb.ListDecisionsRequest(meeting_id=ITEM, page_token=first.next_page_token), metadata=world.as_(CATH)
    )

    assert [each.number for each in first.decisions] == [1, 2, 3]
    (promotion,) = second.decisions
    assert promotion.promoted and promotion.receipt == 3 and promotion.member_id == an_id(2)
    assert (promotion.room_holds, promotion.room_taken, promotion.waiting) == (1, 0, 1)


def test_the_list_of_places_is_in_order_and_holds_what_helps(world: World) -> None:
    world.announced(room_holds=1)
    world.book(1, access_needs="Large print.")
    world.book(2)
    world.book(3, pb.WISH_ONLINE)

    listed = world.meetings.ListPlaces(pb.ListPlacesRequest(meeting_id=ITEM), metadata=world.as_(CATH))

    assert [(int(each.member_id, 16), each.decision) for each in listed.places] == [
        (1, facts.DECISION_ROOM), (3, facts.DECISION_ONLINE), (2, facts.DECISION_WAITING),
    ]  # fmt: skip
    assert listed.places[0].access_needs == "Large print."
    holders = world.notification.ListPlaceHolders(pb.ListPlaceHoldersRequest(meeting_id=ITEM)).holders
    assert {int(each.member_id, 16) for each in holders} == {1, 2, 3}


def test_minutes_are_written_tried_published_and_read(world: World) -> None:
    world.announced()
    world.clock.now = AFTER
    saved = world.minutes.SaveMinutes(
        minutes_pb2.SaveMinutesRequest(meeting_id=ITEM, words=MINUTES), metadata=world.as_(CATH)
    )
    assert (saved.draft, saved.draft_version) == (MINUTES, 1)
    tested = minutes_pb2.TestMinutesRequest(id=an_id(700), meeting_id=ITEM)
    world.minutes.TestMinutes(tested, metadata=world.as_(CATH))

    published = world.minutes.PublishMinutes(
        minutes_pb2.PublishMinutesRequest(meeting_id=ITEM, expected_version=1, mail=True), metadata=world.as_(CATH)
    ).edition

    asked = minutes_pb2.GetMinutesRequest(meeting_id=ITEM)
    read = world.minutes.GetMinutes(asked, metadata=world.as_(ANN))
    assert list(read.editions) == [published] and published.mailed and published.mailing_id
    assert not read.HasField("draft") and not read.may_change
    mailed = world.notification_minutes.GetMinutes(asked)
    assert mailed.draft == MINUTES and list(mailed.editions) == [published]
    with pytest.raises(NotFound):
        world.minutes.GetMinutes(asked, metadata=world.as_(OTHER))
    with pytest.raises(NotAllowed):
        world.minutes.GetMinutes(asked)
    assert world.get(ANN).meeting.minutes_edition == 1


def test_a_recorded_meeting_comes_in_whole(world: World) -> None:
    request = pb.RecordMeetingRequest(
        id=ITEM,
        community_id=CARE_HOMES,
        words=some_words(day="2026-06-11"),
        present=[pb.Present(member_id=an_id(1), presence=facts.PRESENCE_ROOM)],
        guests=2,
        apologies=[an_id(4)],
        refused=3,
    )

    made = world.meetings.RecordMeeting(request, metadata=world.as_(CATH)).meeting

    assert made == world.meetings.RecordMeeting(request, metadata=world.as_(CATH)).meeting
    assert made.past and made.recorded and made.attendance_closed
    attendance = world.meetings.GetAttendance(pb.GetAttendanceRequest(meeting_id=ITEM), metadata=world.as_(CATH))
    assert (attendance.attendance.guests, attendance.attendance.closed) == (2, True)
    with pytest.raises(Conflict):
        world.book(1)


def test_what_helps_people_is_forgotten_by_the_timetable_a_week_later(world: World) -> None:
    world.announced()
    world.book(1, access_needs="Large print.")

    world.clock.now = AFTER + timedelta(days=7)

    until(lambda: standing(world.floor.db)[an_id(1)].needs == "", "what helps somebody is forgotten")
