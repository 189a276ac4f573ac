"""Who has a place, who waits, what helps them, and the log of each decision."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    RowMapping,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.events.domain.place import Place
from services.events.domain.room import Asked, Decided, Decision, Figures, Standing
from services.events.store.tables import FIGURES, decision, need, place

_before = place.alias("before_me")
# Of those who wait; an index holds just them.
_POSITION = (
    select(func.count())
    .select_from(_before)
    .where(_before.c.meeting_id == place.c.meeting_id, _before.c.waits > 0, _before.c.waits <= place.c.waits)
    .correlate(place)
    .scalar_subquery()
    .label("position_in_line")
)


_ONE = select(literal(1).label("one")).subquery()
_MEETING: BindParameter[str] = bindparam("of_meeting")
_MEMBER: BindParameter[str] = bindparam("of_member")
# Built once: a booking is made many times a second when a meeting is announced.
_BEFORE = select(place, _POSITION, need.c.words, decision).select_from(
    _ONE.outerjoin(place, and_(place.c.meeting_id == _MEETING, place.c.member_id == _MEMBER))
    .outerjoin(need, and_(need.c.meeting_id == _MEETING, need.c.member_id == _MEMBER))
    .outerjoin(decision, decision.c.request_id == bindparam("of_request"))
)
_ADD = insert(place)
_CHANGED = ("version", "decided", "holds", "waits", "receipt", "decided_at", "by_member_id")
_CHANGE = (
    update(place)
    .where(place.c.meeting_id == _MEETING, place.c.member_id == _MEMBER)
    .values({name: bindparam(name) for name in _CHANGED})
)
_LOG = insert(decision)


@dataclass(frozen=True)
class Answered:
    """What came of a request with this id when it was first sent."""

    meeting_id: str
    decided: Decided


def before(conn: Connection, meeting_id: str, member_id: str, request_id: str) -> tuple[Place, Answered | None]:
    """How the member stands, and whether this very request was answered already: in one statement."""
    known = {"of_meeting": meeting_id, "of_member": member_id, "of_request": request_id}
    row = conn.execute(_BEFORE, known).mappings().one()
    stands = _place_of(row) if row[place.c.member_id] else Place(member_id)
    answered = Answered(row[decision.c.meeting_id], _decided_of(row)) if row[decision.c.meeting_id] else None
    return stands, answered


def first_in_line(conn: Connection, meeting_id: str, limit: int) -> list[Place]:
    asked = select(place).where(place.c.meeting_id == meeting_id, place.c.waits > 0)
    return [_place_of(row) for row in conn.execute(asked.order_by(place.c.waits).limit(limit)).mappings()]


def put(conn: Connection, meeting_id: str, changed: Sequence[Place]) -> None:
    """Places as they stand now; one whose version is 1 is new."""
    new = [_place_row(meeting_id, each) for each in changed if each.version == 1]
    old = [_place_row(meeting_id, each) for each in changed if each.version > 1]
    if new:
        conn.execute(_ADD, new)
    if old:
        conn.execute(_CHANGE, [{**row, "of_meeting": row["meeting_id"], "of_member": row["member_id"]} for row in old])


def log(conn: Connection, meeting_id: str, request_id: str, decided: Sequence[Decided], now: datetime) -> None:
    """Appends what one request led to; its id stands at the first of them, if it has one."""
    rows = [_decision_row(meeting_id, each, now) for each in decided]
    rows[0]["request_id"] = request_id or None
    try:
        conn.execute(_LOG, rows)
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict(
                "This was sent twice at once. It is done once; open the meeting to see how it is."
            ) from error
        raise


def of_member(conn: Connection, meeting_ids: Collection[str], member_id: str) -> dict[str, Place]:
    """By meeting; with what helps the member take part."""
    if not meeting_ids or not member_id:
        return {}
    asked = _with_needs().where(place.c.member_id == member_id, place.c.meeting_id.in_(meeting_ids))
    return {row[place.c.meeting_id]: _place_of(row) for row in conn.execute(asked).mappings()}


def seated(conn: Connection, meeting_id: str, member_ids: Collection[str]) -> list[str]:
    """Those of these members who have a place."""
    asked = select(place.c.member_id).where(place.c.meeting_id == meeting_id, place.c.holds > 0)
    return list(conn.scalars(asked.where(place.c.member_id.in_(member_ids)).order_by(place.c.member_id)))


def of_meeting(conn: Connection, meeting_id: str) -> list[Place]:
    found = conn.execute(_with_needs().where(place.c.meeting_id == meeting_id)).mappings()
    return [_place_of(row) for row in found]


def log_of(
    conn: Connection, meeting_id: str, *, member_id: str, after: int, limit: int
) -> list[tuple[Decided, datetime]]:
    """Decisions in order, from the number after this one; of everybody when `member_id` is empty."""
    asked = select(decision).where(decision.c.meeting_id == meeting_id, decision.c.number > after)
    if member_id:
        asked = asked.where(decision.c.member_id == member_id)
    rows = conn.execute(asked.order_by(decision.c.number).limit(limit)).mappings()
    return [(_decided_of(row), row[decision.c.at]) for row in rows]


def put_need(conn: Connection, meeting_id: str, member_id: str, words: str) -> None:
    drop_need(conn, meeting_id, member_id)
    conn.execute(insert(need).values(meeting_id=meeting_id, member_id=member_id, words=words))


def drop_need(conn: Connection, meeting_id: str, member_id: str) -> None:
    conn.execute(delete(need).where(need.c.meeting_id == meeting_id, need.c.member_id == member_id))


def drop_needs(conn: Connection, meeting_id: str) -> int:
    """All of a meeting; returns how many there were."""
    return conn.execute(delete(need).where(need.c.meeting_id == meeting_id)).rowcount


def _with_needs() -> Any:
    mine = and_(need.c.meeting_id == place.c.meeting_id, need.c.member_id == place.c.member_id)
    return select(place, _POSITION, need.c.words).select_from(place.outerjoin(need, mine))


def _place_of(row: RowMapping) -> Place:
    return Place(
        member_id=row[place.c.member_id],
        version=row[place.c.version],
        standing=Standing(Decision(row[place.c.decided]), Decision(row[place.c.holds]), row[place.c.waits]),
        receipt=row[place.c.receipt],
        decided_at=row[place.c.decided_at],
        by_member_id=row[place.c.by_member_id],
        position=row.get("position_in_line", 0),
        needs=row.get("words") or "",
    )


def _place_row(meeting_id: str, of: Place) -> dict[str, Any]:
    return {
        "meeting_id": meeting_id,
        "member_id": of.member_id,
        "version": of.version,
        "decided": int(of.standing.decided),
        "holds": int(of.standing.holds),
        "waits": of.standing.order,
        "receipt": of.receipt,
        "decided_at": of.decided_at,
        "by_member_id": of.by_member_id,
    }


def _decided_of(row: RowMapping) -> Decided:
    return Decided(
        number=row[decision.c.number],
        receipt=row[decision.c.receipt],
        member_id=row[decision.c.member_id],
        asked=Asked(row[decision.c.asked]),
        decision=Decision(row[decision.c.decided]),
        reason=row[decision.c.reason],
        position=row[decision.c.position],
        figures=Figures(**{name: row[decision.c[name]] for name in FIGURES}),
    )


def _decision_row(meeting_id: str, of: Decided, now: datetime) -> dict[str, Any]:
    return {
        "meeting_id": meeting_id,
        "number": of.number,
        "receipt": of.receipt,
        "request_id": None,
        "member_id": of.member_id,
        "asked": of.asked.value,
        "decided": int(of.decision),
        "reason": of.reason,
        "position": of.position,
        "at": now,
        **{name: getattr(of.figures, name) for name in FIGURES},
    }
