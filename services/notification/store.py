"""The ledger of deliveries: who was told what, when and how it went; never an address."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    MetaData,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from services.common import privacy
from services.common.database import Id, UtcDateTime
from services.notification.domain import Delivery, News, State

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
    Column("words", Text, nullable=False, info=privacy.CONTENT),
    Column("queued_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("state", String(20), nullable=False, info=privacy.STATE),
    Column("attempts", Integer, nullable=False, info=privacy.COUNTS),
    Column("sent_at", UtcDateTime, info=privacy.TIMES),
    Column("problem", String(200), nullable=False, info=privacy.STATE),
    # A fact that is handled twice tells nobody twice.
    UniqueConstraint("kind", "item_id", "member_id"),
    sqlite_autoincrement=True,
)


def add_once(conn: Connection, new: Delivery) -> bool:
    """False where this member was told, or is being told, this already."""
    insert = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    values = {
        "id": new.id,
        "kind": new.news.kind,
        "item_id": new.news.item_id,
        "member_id": new.news.member_id,
        "subject": new.news.subject,
        "words": json.dumps(dict(new.news.words), ensure_ascii=False),
        "queued_at": new.queued_at,
        "state": new.state,
        "attempts": new.attempts,
        "problem": new.problem,
    }
    once = insert(deliveries).values(values).on_conflict_do_nothing().returning(deliveries.c.id)
    return conn.execute(once).first() is not None


def delivery(conn: Connection, delivery_id: str) -> Delivery | None:
    row = conn.execute(select(deliveries).where(deliveries.c.id == delivery_id)).first()
    return _delivery(row) if row else None


def record(conn: Connection, tried: Delivery) -> None:
    conn.execute(
        update(deliveries)
        .where(deliveries.c.id == tried.id)
        .values(state=tried.state, attempts=tried.attempts, sent_at=tried.sent_at, problem=tried.problem)
    )


def page(conn: Connection, member_id: str, before: int | None, limit: int) -> list[tuple[int, Delivery]]:
    """Newest first with their numbers; of everybody when `member_id` is empty."""
    query = select(deliveries).order_by(deliveries.c.number.desc()).limit(limit)
    if member_id:
        query = query.where(deliveries.c.member_id == member_id)
    if before is not None:
        query = query.where(deliveries.c.number < before)
    return [(row.number, _delivery(row)) for row in conn.execute(query)]


def _delivery(row: Row[Any]) -> Delivery:
    queued_at: datetime = row.queued_at
    return Delivery(
        id=row.id,
        news=News(row.kind, row.item_id, row.member_id, row.subject, json.loads(row.words)),
        queued_at=queued_at,
        state=State(row.state),
        attempts=row.attempts,
        sent_at=row.sent_at,
        problem=row.problem,
    )
