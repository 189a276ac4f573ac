"""Meetings in plain words: days, places left, how it stands with somebody, and codes of what a meeting is."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from fosse.events.v1 import events_pb2, facts_pb2
from gateway import words
from services.common.text import plural

KINDS: Mapping[int, str] = {
    events_pb2.MEETING_KIND_MONTHLY: "Monthly meeting",
    events_pb2.MEETING_KIND_WEBINAR: "Webinar",
    events_pb2.MEETING_KIND_CELEBRATION: "Celebration",
    events_pb2.MEETING_KIND_EXTERNAL: "Meeting of others",
}
AUDIENCES: Mapping[int, tuple[str, str]] = {
    events_pb2.MEETING_AUDIENCE_COMMUNITY: ("My community", "Its members see the meeting and can book."),
    events_pb2.MEETING_AUDIENCE_NODE: (
        "Everybody on this node",
        "Members of every community here see it. Places are for members of yours.",
    ),
    events_pb2.MEETING_AUDIENCE_PUBLIC: (
        "Everybody",
        "Anybody on the internet can read the page, without signing in. Places are for members.",
    ),
}
PRESENCES: Mapping[int, str] = {
    facts_pb2.PRESENCE_ROOM: "In the room",
    facts_pb2.PRESENCE_ONLINE: "Online",
    facts_pb2.PRESENCE_ABSENT: "Not there",
}
DECISIONS: Mapping[int, str] = {
    facts_pb2.DECISION_ROOM: "Place in the room",
    facts_pb2.DECISION_ONLINE: "Place online",
    facts_pb2.DECISION_WAITING: "On the waiting list",
    facts_pb2.DECISION_GIVEN_BACK: "Gave the place back",
    facts_pb2.DECISION_DECLINED: "Cannot come",
    facts_pb2.DECISION_REFUSED: "No place left",
}
HOLDING = (facts_pb2.DECISION_ROOM, facts_pb2.DECISION_ONLINE)
_HELD = {facts_pb2.DECISION_ROOM: "You have a place in the room", facts_pb2.DECISION_ONLINE: "You have a place online"}


def weekday(value: Timestamp | datetime | None) -> str:
    """`Thursday 10 September 2026`."""
    when = words.instant(value)
    return f"{when.astimezone(words.LONDON):%A} {words.day(when)}" if when else ""


def clock(value: Timestamp | datetime | None) -> str:
    when = words.instant(value)
    return f"{when.astimezone(words.LONDON):%H:%M}" if when else ""


def tile(value: Timestamp) -> tuple[str, str]:
    """`10` and `Sep`, as on a leaf of a calendar."""
    local = value.ToDatetime(tzinfo=UTC).astimezone(words.LONDON)
    return str(local.day), f"{local:%b}"


def times(meeting: events_pb2.Meeting) -> str:
    """`14:00 to 16:00`; with the day where it ends on another."""
    ends = clock(meeting.ends_at)
    if words.day(meeting.ends_at) != words.day(meeting.starts_at):
        ends = f"{weekday(meeting.ends_at)}, {ends}"
    return f"{clock(meeting.starts_at)} to {ends}"


def where(meeting: events_pb2.Meeting) -> str:
    online = "online" if meeting.words.online_holds else ""
    said = " and ".join(each for each in (meeting.words.venue, online) if each)
    return f"{said[:1].upper()}{said[1:]}"


def places_left(meeting: events_pb2.Meeting) -> Iterator[str]:
    """`6 of 20 places left in the room`, or `The room is full, 3 waiting`."""
    holds = meeting.words.room_holds
    if holds and meeting.room_free:
        yield f"{meeting.room_free} of {plural(holds, 'place')} left in the room"
    elif holds:
        yield f"The room is full, {meeting.waiting} waiting"
    if online := meeting.words.online_holds:
        free = meeting.online_free
        yield f"{free} of {plural(online, 'place')} left online" if free else "Online is full"


@dataclass(frozen=True)
class Timed:
    """One item of an agenda; `at` is empty where an earlier item takes as long as it takes."""

    at: str
    item: events_pb2.AgendaItem


def running_order(meeting: events_pb2.Meeting) -> Iterator[Timed]:
    begins: datetime | None = meeting.starts_at.ToDatetime(tzinfo=UTC)
    for item in meeting.words.agenda:
        yield Timed(clock(begins), item)
        # An open item makes the times after it unknown.
        begins = begins + timedelta(minutes=item.minutes) if begins and item.minutes > 0 else None


def standing(mine: events_pb2.MyPlace) -> tuple[str, str]:
    """How it stands with the reader, and the colour of its tag; empty when they have not booked."""
    waits = f"You are number {mine.waiting_position} on the waiting list"
    if mine.decision in _HELD:
        held = _HELD[mine.decision]
        return f"{held}; {waits[:1].lower()}{waits[1:]} for the room" if mine.waiting_position else held, "green"
    if mine.decision == facts_pb2.DECISION_WAITING:
        return waits, "yellow"
    if mine.decision == facts_pb2.DECISION_DECLINED:
        return "You said that you cannot come", "grey"
    return ("You gave your place back", "grey") if mine.decision == facts_pb2.DECISION_GIVEN_BACK else ("", "")


def filters() -> dict[str, Callable[..., Any]]:
    """What templates may write behind a bar."""
    return {
        "weekday": weekday,
        "clock": clock,
        "times": times,
        "tile": tile,
        "where": where,
        "places_left": lambda meeting: list(places_left(meeting)),
        "standing": standing,
        "meeting_kind": lambda value: KINDS.get(value, "Meeting"),
        "presence": lambda value: PRESENCES.get(value, ""),
        "decision": lambda value: DECISIONS.get(value, ""),
    }


def terms() -> dict[str, object]:
    """Enums that templates compare with."""
    return {
        "Decision": facts_pb2.Decision,
        "MeetingState": facts_pb2.MeetingState,
        "MeetingAudience": events_pb2.MeetingAudience,
    }
