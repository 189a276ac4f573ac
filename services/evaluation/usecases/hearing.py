"""Facts of other services: what is counted of them is kept, and the figures they touch are marked to be counted."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table

from services.common import facts, timetable
from services.evaluation.domain.indicators import (
    IN_USE,
    OF_MEETINGS,
    OF_MEMBERS,
    OF_PRESENCE,
    REFUSED_PLACES,
    RESOURCES_ADOPTED,
    RESOURCES_SHARED,
    Indicator,
)
from services.evaluation.domain.kept import FirstTime, Meeting
from services.evaluation.domain.months import month_of
from services.evaluation.domain.pulse import OPEN_FOR, Pulse
from services.evaluation.domain.standing import Cell, Membership
from services.evaluation.messages.said import pulse_opened
from services.evaluation.store import figures, kept, pulses

MEETING_BEGINS = "meeting-begins"
PULSE_CLOSES = "pulse-closes"


def member_changed(conn: Connection, said: Membership) -> None:
    # Whoever belongs to no community is said so too, with an empty one.
    if said.community_id and kept.add_membership(conn, said):
        figures.mark(conn, [Cell(said.community_id, each.code, said.month) for each in OF_MEMBERS])


def meeting_changed(conn: Connection, said: Meeting, now: datetime) -> None:
    before = kept.find_meeting(conn, said.meeting_id)
    if not kept.put_meeting(conn, said):
        return
    for meeting in (before, said):
        if meeting:
            _mark(conn, meeting, OF_MEETINGS)
    if said.stands and said.starts_at > now:
        timetable.add(conn, MEETING_BEGINS, said.meeting_id, said.starts_at)


def meeting_begins(conn: Connection, meeting_id: str) -> None:
    """It is held now, and counts."""
    meeting = kept.find_meeting(conn, meeting_id)
    if meeting:
        _mark(conn, meeting, OF_MEETINGS)


def attendance_noted(conn: Connection, *, meeting_id: str, member_id: str, version: int, present: bool) -> None:
    if kept.put_attendance(conn, meeting_id=meeting_id, member_id=member_id, version=version, present=present):
        _mark_of(conn, meeting_id, OF_PRESENCE)


def place_refused(conn: Connection, meeting_id: str, member_id: str) -> None:
    if kept.add_refused(conn, meeting_id, member_id):
        _mark_of(conn, meeting_id, [REFUSED_PLACES])


def refusals_recorded(conn: Connection, *, meeting_id: str, version: int, number: int) -> None:
    if kept.put_refusals(conn, meeting_id=meeting_id, version=version, number=number):
        _mark_of(conn, meeting_id, [REFUSED_PLACES])


def resource_published(conn: Connection, resource_id: str, *, community_id: str, at: datetime) -> None:
    first = FirstTime(resource_id, community_id, at, month_of(at))
    _keep_first(conn, kept.SHARED, RESOURCES_SHARED, first)


def resource_adopted(conn: Connection, adoption_id: str, *, community_id: str, stage: str, at: datetime) -> None:
    if stage in IN_USE:
        first = FirstTime(adoption_id, community_id, at, month_of(at))
        _keep_first(conn, kept.ADOPTED, RESOURCES_ADOPTED, first)


def attendance_closed(conn: Connection, pulse: Pulse, secret: bytes, now: datetime) -> None:
    """Opens the pulse of a meeting, and says so; one that was opened before stays as it is."""
    if pulses.find(conn, pulse.meeting_id) is None:
        pulses.add(conn, pulse, secret)
        facts.put(conn, pulse_opened(pulse.meeting_id), pulse.meeting_id, now)
        timetable.add(conn, PULSE_CLOSES, pulse.meeting_id, pulse.closes_at + timedelta(seconds=1))


def a_pulse(meeting_id: str, *, community_id: str, present: int, at: datetime) -> Pulse:
    return Pulse(meeting_id, community_id, present, at + OPEN_FOR)


def _keep_first(conn: Connection, table: Table, indicator: Indicator, new: FirstTime) -> None:
    moved = kept.put_earlier(conn, table, new)
    figures.mark(conn, [Cell(one.community_id, indicator.code, one.month) for one in moved])


def _mark_of(conn: Connection, meeting_id: str, touched: Iterable[Indicator]) -> None:
    """A meeting that is not known yet marks all its figures when it comes."""
    meeting = kept.find_meeting(conn, meeting_id)
    if meeting:
        _mark(conn, meeting, touched)


def _mark(conn: Connection, meeting: Meeting, touched: Iterable[Indicator]) -> None:
    figures.mark(conn, [Cell(meeting.community_id, each.code, meeting.month) for each in touched])
