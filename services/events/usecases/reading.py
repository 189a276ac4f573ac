"""Reading meetings: one, a list, who has a place, what was decided, the calendar entry."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.common.access import Caller, Person
from services.common.database import Database
from services.common.errors import Invalid, NotFound
from services.events.domain.linked import require_linked
from services.events.domain.meeting import NO_SUCH, Meeting, may_change, require_change, require_seen
from services.events.domain.place import Place, listed
from services.events.domain.room import Decided
from services.events.messages.calendar import Calendar, Entry
from services.events.messages.shown import Shown
from services.events.store import attendance, meetings, places

Beyond = tuple[datetime, str]
_AT_ONCE = 1000


@dataclass(frozen=True)
class Wanted:
    """Which part of the list of meetings."""

    community_id: str
    past: bool
    beyond: Beyond | None
    limit: int


@dataclass(frozen=True)
class Enclosures:
    """What mails about a meeting enclose: the same for everybody, but for those who have a place."""

    ics: str
    seated: Sequence[str]
    seated_ics: str
    joining_link: str


def get(db: Database, meeting_id: str, person: Person | None, now: datetime) -> Shown:
    with db.read() as conn:
        meeting = require_seen(meetings.find(conn, meeting_id), person)
        return _shown(conn, meeting, person, now)


def list_meetings(db: Database, wanted: Wanted, *, person: Person | None, now: datetime) -> list[Shown]:
    """Two statements, whatever the page."""
    with db.read() as conn:
        found = meetings.listed(
            conn, person, community_id=wanted.community_id, past=wanted.past, beyond=wanted.beyond, now=now,
            limit=wanted.limit,
        )  # fmt: skip
        mine = places.of_member(conn, [each.id for each in found], person.member_id) if person else {}
    return [
        Shown(each, now, may_change(each, person), mine.get(each.id, Place(person.member_id)) if person else None)
        for each in found
    ]


def describe(db: Database, meeting_id: str, caller: Caller, community_ids: Iterable[str], now: datetime) -> Shown:
    """For mails whatever it is; for the page of a signed link as far as a member of these communities may see it."""
    with db.read() as conn:
        meeting = _found(conn, meeting_id)
    if caller.workload != "notification":
        require_linked(meeting, community_ids)
    return Shown(meeting, now)


def place_holders(db: Database, meeting_id: str) -> list[Place]:
    """Who has a place, or waits: also of a meeting that was called off, so that they can be told."""
    with db.read() as conn:
        _found(conn, meeting_id)
        return [each for each in listed(places.of_meeting(conn, meeting_id)) if each.counts]


def present(db: Database, meeting_id: str) -> list[str]:
    with db.read() as conn:
        _found(conn, meeting_id)
        return attendance.present(conn, meeting_id)


def list_places(db: Database, meeting_id: str, *, person: Person, now: datetime) -> tuple[Shown, list[Place]]:
    with db.read() as conn:
        meeting = require_change(meetings.find(conn, meeting_id), person)
        return Shown(meeting, now, True), listed(places.of_meeting(conn, meeting_id))


def list_decisions(
    db: Database, meeting_id: str, *, person: Person, after: int, limit: int
) -> list[tuple[Decided, datetime]]:
    """A member's own, a convenor's all."""
    with db.read() as conn:
        meeting = require_seen(meetings.find(conn, meeting_id), person)
        of = "" if may_change(meeting, person) else person.member_id
        return places.log_of(conn, meeting_id, member_id=of, after=after, limit=limit)


def calendar_entry(db: Database, calendar: Calendar, meeting_id: str, caller: Caller, now: datetime) -> Entry:
    """The joining link stands in it only for who has a place, and for convenors."""
    by_mail = caller.person is None and caller.workload == "notification"
    shown = describe(db, meeting_id, caller, (), now) if by_mail else get(db, meeting_id, caller.person, now)
    return calendar.entry(shown.meeting, with_link=shown.sees_link)


def enclosures(db: Database, calendar: Calendar, meeting_id: str, member_ids: Collection[str]) -> Enclosures:
    if len(member_ids) > _AT_ONCE:
        raise Invalid(f"At most {_AT_ONCE:,} members can be asked for at once.")
    with db.read() as conn:
        meeting = _found(conn, meeting_id)
        seated = places.seated(conn, meeting_id, member_ids) if meeting.joinable else []
    without, with_link = (calendar.entry(meeting, with_link=each).ics for each in (False, True))
    return Enclosures(without, seated, with_link, meeting.words.online_link)


def _shown(conn: Connection, meeting: Meeting, person: Person | None, now: datetime) -> Shown:
    if person is None:
        return Shown(meeting, now)
    mine = places.of_member(conn, [meeting.id], person.member_id).get(meeting.id, Place(person.member_id))
    return Shown(meeting, now, may_change(meeting, person), mine)


def _found(conn: Connection, meeting_id: str) -> Meeting:
    meeting = meetings.find(conn, meeting_id)
    if meeting is None:
        raise NotFound(NO_SUCH)
    return meeting
