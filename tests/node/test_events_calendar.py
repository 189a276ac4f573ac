"""Calendar entries of meetings, as other programs read them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from icalendar import Calendar

from fosse.events.v1 import events_pb2 as pb
from tests.databases import SqliteDatabases
from tests.node.events_world import ANN, CATH, ITEM, World, events_alone, some_words
from tests.unit.events.meetings import SOCIAL_CARE, a_member, an_id

OTHER = a_member(3, community=SOCIAL_CARE)
AFTER = datetime(2026, 12, 10, 17, 0, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with events_alone(sqlite_databases, tmp_path) as world:
        yield world


def test_a_calendar_entry_opens_anywhere_and_keeps_its_link_to_who_has_a_place(world: World) -> None:
    world.announced(audience=pb.MEETING_AUDIENCE_PUBLIC)
    world.book(1)

    mine, public = world.entry(a_member(1)), world.entry(None)

    event: Any = Calendar.from_ical(public).walk("VEVENT")[0]
    assert str(event["uid"]) == f"{ITEM}@fosse" and int(event["sequence"]) == 2
    assert event["dtstart"].dt.isoformat() == "2026-12-10T14:00:00+00:00"
    assert str(event["location"]) == "Village Hall, Southwell" and str(event["status"]) == "CONFIRMED"
    assert "- Welcome (10 min, Cath)" in str(event["description"])
    assert "BEGIN:VTIMEZONE" in public and "TZID:Europe/London" in public and "METHOD:PUBLISH" in public
    assert "meet.example.org" in mine and "meet.example.org" not in public
    assert "meet.example.org" in world.entry_for(an_id(1))
    assert "meet.example.org" not in world.entry_for(an_id(9))
    assert world.enclosures(an_id(1), an_id(9)).seated_member_ids == [an_id(1)]
    assert world.entry(a_member(1)) == mine


def test_a_calendar_entry_follows_the_meeting_and_ends_when_it_is_called_off(world: World) -> None:
    world.announced(day="2027-07-08")
    changed = some_words(day="2027-07-09")
    world.meetings.UpdateMeeting(
        pb.UpdateMeetingRequest(id=ITEM, expected_version=2, words=changed), metadata=world.as_(CATH)
    )
    assert "DTSTART;TZID=Europe/London:20270709T140000" in world.entry(ANN)
    assert "SEQUENCE:3" in world.entry(ANN)

    world.meetings.CancelMeeting(
        pb.CancelMeetingRequest(id=ITEM, expected_version=3, because="The hall is flooded."), metadata=world.as_(CATH)
    )

    ended = world.entry(ANN)
    assert "METHOD:CANCEL" in ended and "STATUS:CANCELLED" in ended and "The hall is flooded." in ended
    assert "The hall is flooded." in world.get(ANN).meeting.cancelled_because


def test_a_meeting_in_the_hour_that_comes_twice_says_which_is_meant(world: World) -> None:
    world.announced(day="2027-10-31", starts="01:30", ends="03:00")

    assert world.get(ANN).meeting.clock_note == (
        "The clocks go back that night: 01:30 means the first one, in summer time."
    )
    assert "means the first one" in world.entry(ANN)
