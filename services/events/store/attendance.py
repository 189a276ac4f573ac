"""Who was at which meeting; the list's version, guests and whether it is closed stand on the meeting's row."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from services.events.domain.attendance import Attendance, Presence, Present
from services.events.domain.meeting import Meeting
from services.events.store.tables import attendance


def of(conn: Connection, meeting: Meeting) -> Attendance:
    rows = conn.execute(
        select(attendance).where(attendance.c.meeting_id == meeting.id).order_by(attendance.c.member_id)
    )
    present = {row.member_id: Presence(row.presence) for row in rows}
    return Attendance(meeting.attendance_version, present, meeting.guests, meeting.attendance_closed)


def put(conn: Connection, meeting_id: str, changed: Present) -> None:
    if not changed:
        return
    members: Sequence[str] = list(changed)
    conn.execute(delete(attendance).where(attendance.c.meeting_id == meeting_id, attendance.c.member_id.in_(members)))
    rows = [{"meeting_id": meeting_id, "member_id": key, "presence": int(value)} for key, value in changed.items()]
    conn.execute(insert(attendance), rows)


def present(conn: Connection, meeting_id: str) -> list[str]:
    """Members who were there."""
    there = (attendance.c.meeting_id == meeting_id, attendance.c.presence != int(Presence.ABSENT))
    return list(conn.scalars(select(attendance.c.member_id).where(*there).order_by(attendance.c.member_id)))
