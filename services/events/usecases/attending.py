"""The attendance list of a meeting."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from google.protobuf.message import Message

from services.common import audit, facts
from services.common.access import Person
from services.common.database import Database
from services.events.domain import attendance as rules
from services.events.domain.attendance import Attendance, Present
from services.events.domain.meeting import Meeting, require_change
from services.events.messages import said
from services.events.messages.shown import Shown
from services.events.store import attendance as attendances
from services.events.store import meetings, places


@dataclass(frozen=True)
class Noting:
    """What a convenor says of who was there."""

    present: Sequence[tuple[str, int]]
    guests: int
    close: bool


def get(db: Database, meeting_id: str, *, person: Person, now: datetime) -> tuple[Shown, Attendance]:
    """Before it is first saved: everybody with a place, as if they had come."""
    with db.read() as conn:
        meeting = require_change(meetings.find(conn, meeting_id), person)
        found = attendances.of(conn, meeting)
        if not found.version:
            holders = places.of_meeting(conn, meeting_id)
            found = rules.proposed((each.member_id, each.standing.holds) for each in holders)
    return Shown(meeting, now, True), found


def note(
    db: Database, meeting_id: str, noting: Noting, *, expected_version: int, person: Person, now: datetime
) -> Attendance:
    present = rules.checked_present(noting.present)
    with db.write() as conn:
        meeting = require_change(meetings.find_locked(conn, meeting_id), person)
        rules.require_begun(meeting, now)
        before = attendances.of(conn, meeting)
        after = rules.note(before, present, guests=noting.guests, close=noting.close)
        if rules.says_the_same(before, after):
            return before
        rules.require_version(before, expected_version)
        changed = rules.changes(before, after)
        attendances.put(conn, meeting_id, changed)
        meetings.save(
            conn,
            replace(meeting, attendance_version=after.version, attendance_closed=after.closed, guests=after.guests),
        )
        told = _told(meeting, changed, after, closes=after.closed and not before.closed, now=now)
        facts.put_all(conn, told, now)
        audit.add(conn, person, "closed attendance" if noting.close else "noted attendance", meeting_id, now)
    return after


def _told(
    meeting: Meeting, changed: Present, after: Attendance, *, closes: bool, now: datetime
) -> list[tuple[Message, str]]:
    told: list[tuple[Message, str]] = [
        (said.attendance_noted(meeting, member_id, presence, after.version), meeting.id)
        for member_id, presence in changed.items()
    ]
    if closes:
        told.append((said.attendance_closed(meeting, after, rules.ask_pulse(meeting, now)), meeting.id))
    return told
