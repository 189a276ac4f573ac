"""What the kept facts add up to: counted anew for one cell, or for all of them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, func, select, union_all

from services.evaluation.domain.indicators import (
    ATTENDANCE,
    ATTENDED_ONCE,
    MEETINGS,
    OF_MEMBERS,
    REFUSED_PLACES,
    RESOURCES_ADOPTED,
    RESOURCES_SHARED,
)
from services.evaluation.domain.standing import Cell, Membership, standing
from services.evaluation.store.tables import (
    adoption,
    attendance,
    meeting,
    membership,
    refusals,
    refused,
    shared_resource,
)

Rows = Callable[[datetime], Select[Any]]
"""Selects community, month and what is counted, as `one`, of all kept rows at a time."""


def of_cell(conn: Connection, cell: Cell, now: datetime) -> dict[Cell, int]:
    """The cell's number; of what stands at month ends the community's whole series."""
    if cell.indicator in {each.code for each in OF_MEMBERS}:
        found = standing(_memberships(conn, cell.community_id))
        return {each: number for each, number in found.items() if each.indicator == cell.indicator}
    rows = _ROWS[cell.indicator](now).subquery()
    which = (rows.c.community_id == cell.community_id, rows.c.month == cell.month)
    number = conn.scalar(select(_NUMBERS[cell.indicator](rows)).where(*which)) or 0
    return {cell: int(number)} if number else {}


def of_all(conn: Connection, now: datetime) -> dict[Cell, int]:
    """Every figure there is, from the first fact on."""
    counted: dict[Cell, int] = {}
    for community_id in conn.scalars(select(membership.c.community_id).distinct()):
        counted |= standing(_memberships(conn, community_id))
    for code, rows_at in _ROWS.items():
        rows = rows_at(now).subquery()
        grouped = select(rows.c.community_id, rows.c.month, _NUMBERS[code](rows)).group_by(
            rows.c.community_id, rows.c.month
        )
        counted |= {Cell(community, code, month): int(number) for community, month, number in conn.execute(grouped)}
    return {cell: number for cell, number in counted.items() if number or cell.indicator in _STANDING}


def facts_kept(conn: Connection) -> int:
    """How many rows all figures are counted from."""
    tables = (membership, meeting, attendance, refused, refusals, shared_resource, adoption)
    return sum(int(conn.scalar(select(func.count()).select_from(table)) or 0) for table in tables)


def facts_behind(conn: Connection, code: str, community_id: str, months: Sequence[str]) -> int:
    """How many kept facts of these months an indicator is counted from; only for those whose facts are told."""
    table = _TOLD[code]
    which = (table.c.community_id == community_id, table.c.month.in_(months))
    return int(conn.scalar(select(func.count()).select_from(table).where(*which)) or 0)


def _memberships(conn: Connection, community_id: str) -> list[Membership]:
    """All that was ever said of who belongs to the community."""
    found = select(membership).where(membership.c.community_id == community_id)
    return [Membership(**row) for row in conn.execute(found).mappings()]


def _held(now: datetime) -> Select[Any]:
    return select(meeting.c.community_id, meeting.c.month, meeting.c.meeting_id.label("one")).where(
        meeting.c.stands, meeting.c.starts_at <= now
    )


def _present(now: datetime) -> Select[Any]:
    joined = attendance.join(meeting, meeting.c.meeting_id == attendance.c.meeting_id)
    return (
        select(meeting.c.community_id, meeting.c.month, attendance.c.member_id.label("one"))
        .select_from(joined)
        .where(meeting.c.stands, meeting.c.starts_at <= now, attendance.c.present)
    )


def _refused(now: datetime) -> Select[Any]:
    each = select(refused.c.meeting_id, func.count().label("one")).group_by(refused.c.meeting_id)
    both = union_all(each, select(refusals.c.meeting_id, refusals.c.refused)).subquery()
    return (
        select(meeting.c.community_id, meeting.c.month, both.c.one)
        .select_from(both.join(meeting, meeting.c.meeting_id == both.c.meeting_id))
        .where(meeting.c.stands)
    )


def _first_time(table: Table) -> Rows:
    return lambda now: select(table.c.community_id, table.c.month, table.c.item_id.label("one"))


_STANDING = {each.code for each in OF_MEMBERS}
_ROWS: Mapping[str, Rows] = {
    MEETINGS.code: _held,
    ATTENDANCE.code: _present,
    ATTENDED_ONCE.code: _present,
    REFUSED_PLACES.code: _refused,
    RESOURCES_SHARED.code: _first_time(shared_resource),
    RESOURCES_ADOPTED.code: _first_time(adoption),
}
_NUMBERS: Mapping[str, Callable[[Any], Any]] = {
    MEETINGS.code: lambda rows: func.count(rows.c.one),
    ATTENDANCE.code: lambda rows: func.count(rows.c.one),
    ATTENDED_ONCE.code: lambda rows: func.count(rows.c.one.distinct()),
    REFUSED_PLACES.code: lambda rows: func.sum(rows.c.one),
    RESOURCES_SHARED.code: lambda rows: func.count(rows.c.one),
    RESOURCES_ADOPTED.code: lambda rows: func.count(rows.c.one),
}
_TOLD: Mapping[str, Table] = {
    MEETINGS.code: meeting,
    RESOURCES_SHARED.code: shared_resource,
    RESOURCES_ADOPTED.code: adoption,
}
