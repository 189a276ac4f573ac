"""The ledger of deliveries: who was told what, when and how it went; never a member's address."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Executable,
    Index,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from services.common import privacy
from services.common.database import Id, UtcDateTime
from services.notification.domain.delivery import NOT_RECEIVED, Delivery, Letter, News, State

METADATA = MetaData()

deliveries = Table(
    "deliveries",
    METADATA,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("id", Id, nullable=False, unique=True, info=privacy.IDS),
    Column("kind", String(40), nullable=False, info=privacy.STATE),
    Column("item_id", Id, nullable=False, info=privacy.IDS),
    Column("member_id", Id, nullable=False, index=True, info=privacy.PERSON),
    Column("subject", String(300), nullable=False, info=privacy.CONTENT),
    # Of news to one member alone; a mailing's stand in its letter.
    Column("words", Text, nullable=False, info=privacy.CONTENT),
    Column("queued_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("state", String(20), nullable=False, info=privacy.STATE),
    Column("attempts", Integer, nullable=False, info=privacy.COUNTS),
    Column("sent_at", UtcDateTime, info=privacy.TIMES),
    Column("problem", String(200), nullable=False, info=privacy.STATE),
    Column("letter_id", Id, info=privacy.IDS),
    # A fact that is handled twice tells nobody twice. Of a mailing `item_id` is the letter's.
    UniqueConstraint("kind", "item_id", "member_id"),
    Index("deliveries_of_letter", "letter_id", "number"),
    sqlite_autoincrement=True,
)

letters = Table(
    "letters",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("kind", String(40), nullable=False, info=privacy.STATE),
    Column("item_id", Id, nullable=False, info=privacy.IDS),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    Column("subject", String(300), nullable=False, info=privacy.CONTENT),
    Column("words", Text, nullable=False, info=privacy.CONTENT),
    Column("ics", Text, nullable=False, info=privacy.CONTENT),
    # The address that a convenor gave for answers.
    Column("reply_to", String(300), nullable=False, info=privacy.PERSONAL),
    Column("queued_at", UtcDateTime, nullable=False, info=privacy.TIMES),
)


def _once(table: Table) -> Mapping[str, Executable]:
    """By dialect: puts a row in and answers its id, or nothing where one like it is there already."""
    inserts: dict[str, Any] = {"postgresql": postgresql.insert(table), "sqlite": sqlite.insert(table)}
    return {name: each.on_conflict_do_nothing().returning(table.c.id) for name, each in inserts.items()}


# Built once: a booking is told many times a second when a meeting is announced.
_ADD_ONCE, _ADD_LETTER_ONCE = _once(deliveries), _once(letters)


def add_once(conn: Connection, new: Delivery) -> bool:
    """False where this member was told, or is being told, this already."""
    return conn.execute(_ADD_ONCE[conn.dialect.name], _delivery_row(new)).first() is not None


def add_all(conn: Connection, new: Iterable[Delivery]) -> None:
    """Those of one mailing, whose letter was not there before."""
    rows = [_delivery_row(each) for each in new]
    if rows:
        conn.execute(insert(deliveries), rows)


def add_letter_once(conn: Connection, letter: Letter, now: datetime) -> bool:
    """False where this mailing was queued already."""
    values = {
        "id": letter.id,
        "kind": letter.kind,
        "item_id": letter.item_id,
        "community_id": letter.community_id,
        "subject": letter.subject,
        "words": _json(letter.words),
        "ics": letter.ics,
        "reply_to": letter.reply_to,
        "queued_at": now,
    }
    return conn.execute(_ADD_LETTER_ONCE[conn.dialect.name], values).first() is not None


def letter(conn: Connection, letter_id: str) -> Letter | None:
    return letters_by_id(conn, [letter_id]).get(letter_id)


def letters_by_id(conn: Connection, ids: Collection[str]) -> dict[str, Letter]:
    found = conn.execute(select(letters).where(letters.c.id.in_(ids))) if ids else ()
    return {row.id: _letter(row) for row in found}


def delivery(conn: Connection, delivery_id: str, *, lock: bool = False) -> Delivery | None:
    query = select(deliveries).where(deliveries.c.id == delivery_id)
    row = conn.execute(query.with_for_update() if lock else query).first()
    return _delivery(row) if row else None


def waiting(conn: Connection, ids: Collection[str]) -> list[Delivery]:
    """Those of these that are still to be made, with their letters."""
    query = select(deliveries).where(deliveries.c.id.in_(ids), deliveries.c.state == State.QUEUED)
    rows = conn.execute(query.order_by(deliveries.c.number)).all()
    of_mailings = letters_by_id(conn, {row.letter_id for row in rows if row.letter_id})
    return [_delivery(row, of_mailings.get(row.letter_id)) for row in rows]


def queued(conn: Connection) -> tuple[int, datetime | None]:
    """How many mails are still to be sent, and since when the oldest."""
    query = select(func.count(), func.min(deliveries.c.queued_at)).where(deliveries.c.state == State.QUEUED)
    count, oldest = conn.execute(query).one()
    return count, oldest


def record(conn: Connection, tried: Iterable[Delivery]) -> None:
    """How far these have come."""
    rows = [
        {
            "which": each.id,
            "state": each.state,
            "attempts": each.attempts,
            "queued_at": each.queued_at,
            "sent_at": each.sent_at,
            "problem": each.problem,
        }
        for each in tried
    ]
    if rows:
        conn.execute(update(deliveries).where(deliveries.c.id == bindparam("which")), rows)


def page(conn: Connection, member_id: str, before: int | None, limit: int) -> list[tuple[int, Delivery]]:
    """Newest first with their numbers; of everybody when `member_id` is empty."""
    query = select(deliveries).order_by(deliveries.c.number.desc()).limit(limit)
    if member_id:
        query = query.where(deliveries.c.member_id == member_id)
    if before is not None:
        query = query.where(deliveries.c.number < before)
    return [(row.number, _delivery(row)) for row in conn.execute(query)]


def recipients(
    conn: Connection, letter_id: str, *, not_received: bool, beyond: int, limit: int
) -> Sequence[tuple[int, Delivery]]:
    """Of one mailing, in the order of its queue, with their numbers."""
    query = select(deliveries).where(deliveries.c.letter_id == letter_id, deliveries.c.number > beyond)
    if not_received:
        query = query.where(deliveries.c.state.in_(NOT_RECEIVED))
    return [(row.number, _delivery(row)) for row in conn.execute(query.order_by(deliveries.c.number).limit(limit))]


def counts(conn: Connection, letter_id: str) -> dict[State, int]:
    """How many deliveries of a mailing are in each state."""
    query = select(deliveries.c.state, func.count()).where(deliveries.c.letter_id == letter_id)
    found = {State(state): number for state, number in conn.execute(query.group_by(deliveries.c.state))}
    return {state: found.get(state, 0) for state in State}


def prune(conn: Connection, before: datetime) -> None:
    """Letters queued before this go with all their deliveries, and so does older news to one member alone."""
    old = select(letters.c.id).where(letters.c.queued_at < before)
    conn.execute(delete(deliveries).where(deliveries.c.letter_id.in_(old)))
    conn.execute(delete(deliveries).where(deliveries.c.letter_id.is_(None), deliveries.c.queued_at < before))
    conn.execute(delete(letters).where(letters.c.queued_at < before))


def _json(words: Any) -> str:
    return json.dumps(dict(words), ensure_ascii=False)


def _delivery_row(new: Delivery) -> dict[str, object]:
    return {
        "id": new.id,
        "kind": new.news.kind,
        "item_id": new.news.item_id,
        "member_id": new.news.member_id,
        "subject": new.news.subject,
        "words": _json(new.news.words),
        "queued_at": new.queued_at,
        "state": new.state,
        "attempts": new.attempts,
        "problem": new.problem,
        "letter_id": new.letter_id or None,
    }


def _delivery(row: Row[Any], letter: Letter | None = None) -> Delivery:
    queued_at: datetime = row.queued_at
    return Delivery(
        id=row.id,
        news=News(row.kind, row.item_id, row.member_id, row.subject, json.loads(row.words)),
        queued_at=queued_at,
        state=State(row.state),
        attempts=row.attempts,
        sent_at=row.sent_at,
        problem=row.problem,
        letter_id=row.letter_id or "",
        letter=letter,
    )


def _letter(row: Row[Any]) -> Letter:
    return Letter(
        id=row.id,
        kind=row.kind,
        item_id=row.item_id,
        community_id=row.community_id,
        subject=row.subject,
        words=json.loads(row.words),
        ics=row.ics,
        reply_to=row.reply_to,
    )
