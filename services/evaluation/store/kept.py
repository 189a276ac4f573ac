"""The facts that are counted, kept for good: the newest of each, whichever order they come in.

Each function answers whether anything changed, so that nothing is counted anew for what was known.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from services.evaluation.domain.kept import FirstTime, Meeting
from services.evaluation.domain.standing import Membership
from services.evaluation.store.tables import (
    adoption,
    attendance,
    meeting,
    membership,
    refusals,
    refused,
    shared_resource,
)

SHARED, ADOPTED = shared_resource, adoption


def add_membership(conn: Connection, said: Membership) -> bool:
    which = [membership.c[name] == getattr(said, name) for name in ("community_id", "member_id", "version")]
    if conn.scalar(select(membership.c.version).where(*which)) is not None:
        return False
    conn.execute(insert(membership).values(vars(said)))
    return True


def find_meeting(conn: Connection, meeting_id: str) -> Meeting | None:
    row = conn.execute(select(meeting).where(meeting.c.meeting_id == meeting_id)).mappings().one_or_none()
    return Meeting(**row) if row else None


def put_meeting(conn: Connection, new: Meeting) -> bool:
    return _put_newer(conn, meeting, ("meeting_id",), vars(new))


def put_attendance(conn: Connection, *, meeting_id: str, member_id: str, version: int, present: bool) -> bool:
    row = {"meeting_id": meeting_id, "member_id": member_id, "version": version, "present": present}
    return _put_newer(conn, attendance, ("meeting_id", "member_id"), row)


def was_present(conn: Connection, meeting_id: str, member_id: str) -> bool:
    which = (attendance.c.meeting_id == meeting_id, attendance.c.member_id == member_id, attendance.c.present)
    return conn.scalar(select(attendance.c.version).where(*which)) is not None


def add_refused(conn: Connection, meeting_id: str, member_id: str) -> bool:
    which = (refused.c.meeting_id == meeting_id, refused.c.member_id == member_id)
    if conn.scalar(select(refused.c.member_id).where(*which)) is not None:
        return False
    conn.execute(insert(refused).values(meeting_id=meeting_id, member_id=member_id))
    return True


def put_refusals(conn: Connection, *, meeting_id: str, version: int, number: int) -> bool:
    row = {"meeting_id": meeting_id, "version": version, "refused": number}
    return _put_newer(conn, refusals, ("meeting_id",), row)


def put_earlier(conn: Connection, table: Table, new: FirstTime) -> list[FirstTime]:
    """Keeps the earlier of two; answers where it stood and where it stands, if that changed."""
    which = table.c.item_id == new.item_id
    row = conn.execute(select(table).where(which)).mappings().one_or_none()
    before = FirstTime(**row) if row else None
    # Two at one instant: by their community, so that their order does not matter.
    if before and (before.first_at, before.community_id) <= (new.first_at, new.community_id):
        return []
    conn.execute(delete(table).where(which))
    conn.execute(insert(table).values(vars(new)))
    return [before, new] if before else [new]


def _put_newer(conn: Connection, table: Table, key: Collection[str], row: dict[str, Any]) -> bool:
    which = [table.c[name] == row[name] for name in key]
    known = conn.scalar(select(table.c.version).where(*which))
    if known is not None and known >= row["version"]:
        return False
    if known is None:
        conn.execute(insert(table).values(row))
    else:
        conn.execute(update(table).where(*which).values(row))
    return True
