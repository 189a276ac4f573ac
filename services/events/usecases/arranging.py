"""Making, changing, announcing, calling off and recording meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.common import audit, facts, ids, timetable
from services.common.access import Person
from services.common.database import Database
from services.common.errors import NotAllowed
from services.common.text import clean_text
from services.events.domain import meeting as rules
from services.events.domain.attendance import Attendance, Present, checked_present
from services.events.domain.meeting import Held, Meeting, State
from services.events.domain.place import Place
from services.events.domain.room import Decision, Standing
from services.events.domain.words import Words, checked_words
from services.events.messages import said
from services.events.messages.shown import Shown
from services.events.store import attendance as attendances
from services.events.store import meetings, places
from services.events.usecases.places import USED
from services.events.usecases.seating import Seating

FORGET_NEEDS = "needs"
NEEDS_KEPT = timedelta(days=7)


@dataclass(frozen=True)
class There:
    """Who was at a meeting that is recorded, and who sent apologies."""

    present: Sequence[tuple[str, int]]
    apologies: Sequence[str]
    held: Held


def create(db: Database, meeting_id: str, *, community_id: str, words: Words, person: Person, now: datetime) -> Shown:
    ids.checked(meeting_id)
    checked, when = checked_words(words)
    with db.write() as conn:
        made = _made_before(conn, meeting_id, person)
        if made is None:
            made = rules.start(meeting_id, community_id, checked, when, person=person, now=now)
            meetings.add(conn, made)
            _tell(conn, made, did=(person, "created"), now=now)
    return Shown(made, now, True)


def record(
    db: Database, meeting_id: str, *, community_id: str, words: Words, there: There, person: Person, now: datetime
) -> Shown:
    """A meeting that took place, with who was there: nobody is mailed."""
    ids.checked(meeting_id)
    checked, when = checked_words(words)
    present = checked_present(there.present)
    for member_id in there.apologies:
        ids.checked(member_id, "apologies")
    with db.write() as conn:
        made = _made_before(conn, meeting_id, person)
        if made is None:
            made = rules.record(meeting_id, community_id, checked, when, held=there.held, person=person, now=now)
            meetings.add(conn, made)
            _tell(conn, made, did=(person, "recorded"), now=now)
            _note_who_was_there(conn, made, present, now)
            apologies = [each for each in dict.fromkeys(there.apologies) if each not in present]
            places.put(conn, made.id, [_apology(each, person, now) for each in apologies])
    return Shown(made, now, True)


def update(
    db: Database, meeting_id: str, *, expected_version: int, words: Words, person: Person, now: datetime
) -> Shown:
    """More places go to who waits, in the same transaction."""
    checked, when = checked_words(words)
    with db.write() as conn:
        before = rules.require_change(meetings.find_locked(conn, meeting_id), person)
        after = before
        if checked != before.words:
            rules.require_version(before, expected_version, checked)
            after = rules.reword(before, checked, when, now)
            after = _seat_who_waits(conn, after, now)
            meetings.save(conn, after)
            _tell(conn, after, did=(person, "changed"), now=now)
            if rules.moved(before, after):
                facts.put(conn, said.meeting_moved(after), after.id, now)
            if after.announced and after.when != before.when:
                _forget_needs_after(conn, after)
    return Shown(after, now, True)


def announce(
    db: Database, meeting_id: str, *, expected_version: int, invite: bool, person: Person, now: datetime
) -> Shown:
    with db.write() as conn:
        before = rules.require_change(meetings.find_locked(conn, meeting_id), person)
        after = before
        if not rules.announced_already(before, invite):
            rules.require_version(before, expected_version)
            after = rules.announce(before, invite, now)
            meetings.save(conn, after)
            _tell(conn, after, did=(person, "invited" if before.announced else "announced"), now=now)
            _forget_needs_after(conn, after)
            if invite:
                facts.put(conn, said.meeting_announced(after), after.id, now)
    return Shown(after, now, True)


def cancel(
    db: Database, meeting_id: str, *, expected_version: int, because: str, person: Person, now: datetime
) -> Shown:
    with db.write() as conn:
        before = rules.require_change(meetings.find_locked(conn, meeting_id), person)
        after = before
        if not (before.state is State.CANCELLED and before.cancelled_because == clean_text(because)):
            rules.require_version(before, expected_version)
            after = rules.cancel(before, because, now)
            meetings.save(conn, after)
            places.drop_needs(conn, meeting_id)
            _tell(conn, after, did=(person, "called off"), now=now)
            if before.announced:
                facts.put(conn, said.meeting_called_off(after), after.id, now)
    return Shown(after, now, True)


def forget_needs(db: Database, meeting_id: str, now: datetime) -> datetime | None:
    """What helps people take part is nobody's business a week later; returns when, if the meeting was moved."""
    with db.write() as conn:
        meeting = meetings.find(conn, meeting_id)
        if meeting is not None and meeting.when.ends_at + NEEDS_KEPT > now:
            return meeting.when.ends_at + NEEDS_KEPT
        places.drop_needs(conn, meeting_id)
    return None


def _made_before(conn: Connection, meeting_id: str, person: Person) -> Meeting | None:
    """What the same form made when it was first sent."""
    found = meetings.find(conn, meeting_id)
    if found is not None and (found.created_by != person.member_id or not rules.may_change(found, person)):
        raise NotAllowed(USED)
    return found


def _seat_who_waits(conn: Connection, meeting: Meeting, now: datetime) -> Meeting:
    if not (meeting.announced and meeting.figures.waiting and meeting.figures.room_free):
        return meeting
    seating = Seating(meeting, now)
    seating.promote(conn)
    seating.write(conn)
    return seating.meeting


def _note_who_was_there(conn: Connection, meeting: Meeting, present: Present, now: datetime) -> None:
    attendances.put(conn, meeting.id, present)
    listed = Attendance(1, present, meeting.guests, closed=True)
    noted = [said.attendance_noted(meeting, key, value, 1) for key, value in present.items()]
    told = [*noted, said.attendance_closed(meeting, listed, ask_pulse=False)]
    if meeting.refused:
        told.append(said.refusals_recorded(meeting))
    facts.put_all(conn, [(each, meeting.id) for each in told], now)


def _apology(member_id: str, person: Person, now: datetime) -> Place:
    declined = Standing(Decision.DECLINED)
    return Place(member_id, 1, declined, decided_at=now, by_member_id=person.member_id)


def _tell(conn: Connection, meeting: Meeting, *, did: tuple[Person, str], now: datetime) -> None:
    person, action = did
    facts.put(conn, said.meeting_changed(meeting), meeting.id, now)
    audit.add(conn, person, action, meeting.id, now)


def _forget_needs_after(conn: Connection, meeting: Meeting) -> None:
    timetable.add(conn, FORGET_NEEDS, meeting.id, meeting.when.ends_at + NEEDS_KEPT)
