"""Meetings, each with its counters of places."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from services.common.access import Person
from services.common.database import unique_violation
from services.common.errors import Conflict
from services.events.domain.local import When
from services.events.domain.meeting import Meeting, State
from services.events.domain.room import Figures
from services.events.domain.words import AgendaItem, Audience, Words
from services.events.store.tables import FIGURES, meeting

Place = tuple[datetime, str]
_WORDS = ("title", "about", "kind", "audience", "day", "starts", "ends", "venue", "directions", "online_link")
_COUNTERS = ("receipts", "decided", "queued")
_PLAIN = (
    *("id", "version", "community_id", "changed_at", "created_by", "recorded", "invited", "cancelled_because"),
    *("withheld", "minutes_edition", "attendance_version", "attendance_closed", "guests", "refused", *_COUNTERS),
)


# Built once: a booking is made many times a second when a meeting is announced.
_FIND = select(meeting).where(meeting.c.id == bindparam("key"))
_FIND_LOCKED = _FIND.with_for_update()
_SAVE_COUNTERS = (
    update(meeting)
    .where(meeting.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in (*FIGURES, *_COUNTERS)})
)


def find(conn: Connection, meeting_id: str) -> Meeting | None:
    return _one(conn, _FIND, meeting_id)


def find_locked(conn: Connection, meeting_id: str) -> Meeting | None:
    """The meeting; nobody else changes it, or decides about its places, until this transaction ends."""
    return _one(conn, _FIND_LOCKED, meeting_id)


def add(conn: Connection, new: Meeting) -> None:
    try:
        conn.execute(insert(meeting).values(_row(new)))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This was sent twice at once. It is saved once; open it from the list.") from error
        raise


def save(conn: Connection, changed: Meeting) -> None:
    conn.execute(update(meeting).where(meeting.c.id == changed.id).values(_row(changed)))


def save_counters(conn: Connection, changed: Meeting) -> None:
    """Of a meeting about whose places something was decided: its words and version stay."""
    conn.execute(_SAVE_COUNTERS, {"key": changed.id, **_counters(changed)})


def listed(
    conn: Connection, person: Person | None, *, community_id: str, past: bool, beyond: Place | None, now: datetime,
    limit: int,
) -> list[Meeting]:  # fmt: skip
    """What the person may see: those to come, the next first, or those that were, the last first."""
    asked = select(meeting).where(_visible_to(person), meeting.c.ends_at <= now if past else meeting.c.ends_at > now)
    if community_id:
        asked = asked.where(meeting.c.community_id == community_id)
    if beyond:
        key = tuple_(meeting.c.starts_at, meeting.c.id)
        at = tuple_(literal(beyond[0], meeting.c.starts_at.type), literal(beyond[1]))
        asked = asked.where(key < at if past else key > at)
    order = (meeting.c.starts_at, meeting.c.id)
    ordered = asked.order_by(*(each.desc() for each in order)) if past else asked.order_by(*order)
    return [meeting_of(row) for row in conn.execute(ordered.limit(limit)).mappings()]


def _visible_to(person: Person | None) -> ColumnElement[bool]:
    """As `domain.meeting.may_see` says of one."""
    open_to: list[ColumnElement[bool]] = [meeting.c.audience == int(Audience.PUBLIC)]
    convened: Collection[str] = []
    if person is not None and (person.roles or person.operator):
        convened = [community for community in person.roles if person.is_convenor(community)]
        open_to += [meeting.c.audience == int(Audience.NODE), meeting.c.community_id.in_(list(person.roles))]
    told = and_(meeting.c.state != int(State.DRAFT), meeting.c.withheld.is_(False))
    seen = and_(told, or_(*open_to))
    return or_(seen, meeting.c.community_id.in_(convened)) if convened else seen


def meeting_of(row: RowMapping) -> Meeting:
    return Meeting(
        state=State(row["state"]),
        words=Words(
            **{name: row[name] for name in (*_WORDS, "room_holds", "online_holds")},
            agenda=tuple(AgendaItem(**item) for item in row["agenda"]),
        ),
        when=When(row["starts_at"], row["ends_at"]),
        figures=Figures(**{name: row[name] for name in FIGURES}),
        **{name: row[name] for name in _PLAIN},
    )


def _row(of: Meeting) -> dict[str, Any]:
    words = {name: getattr(of.words, name) for name in _WORDS}
    return {
        **{name: getattr(of, name) for name in _PLAIN},
        **words,
        "state": int(of.state),
        "kind": int(of.words.kind),
        "audience": int(of.words.audience),
        "agenda": [asdict(item) for item in of.words.agenda],
        "starts_at": of.when.starts_at,
        "ends_at": of.when.ends_at,
        **_counters(of),
    }


def _counters(of: Meeting) -> dict[str, Any]:
    figures = {name: getattr(of.figures, name) for name in FIGURES}
    return {**figures, **{name: getattr(of, name) for name in _COUNTERS}}


def _one(conn: Connection, asked: Select[Any], meeting_id: str) -> Meeting | None:
    row = conn.execute(asked, {"key": meeting_id}).mappings().one_or_none()
    return meeting_of(row) if row else None
