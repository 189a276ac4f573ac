"""Facts: what happened, written in the transaction in which it happened; the relay or the local bus carries them on.

A fact holds ids, versions, states and counts, never names or free text. Facts are kept for 35 days, so that the bus
can be lost and refilled: `resend` starts a new generation, and whoever carries facts begins again from the oldest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from google.protobuf.message import Message as Proto
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from services.common import privacy, trace_context
from services.common.database import Id, UtcDateTime, announce, settled, transaction_number
from services.common.floor_tables import FLOOR
from services.common.ids import new_id
from services.common.topics import kind

KEPT = timedelta(days=35)

facts = Table(
    "facts",
    FLOOR,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("message_id", Id, nullable=False, unique=True, info=privacy.IDS),
    Column("kind", String(120), nullable=False, info=privacy.STATE),
    Column("key", Id, nullable=False, info=privacy.IDS),
    Column("body", LargeBinary, nullable=False, info=privacy.STATE),
    Column("happened_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("recorded_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("tx", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("sent_to", String(80), info=privacy.STATE),
    # Of the request that it was said in, where somebody traces.
    Column("traceparent", String(55), info=privacy.IDS),
    Index("facts_unsent", "sent_to", "id"),
    Index("facts_in_order", "tx", "id"),
    sqlite_autoincrement=True,
)

generations = Table(
    "fact_generations",
    FLOOR,
    Column("id", Integer, primary_key=True, info=privacy.COUNTS),
    Column("started_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Fact:
    """One row, as the relay and the local bus read it."""

    place: "Place"
    message_id: str
    kind: str
    key: str
    body: bytes
    happened_at: datetime
    traceparent: str = ""


class Place(NamedTuple):
    """Where a reader stands: numbers are given out before transactions end, so the transaction comes first."""

    tx: int
    number: int


START = Place(0, 0)


@dataclass(frozen=True)
class Unsent:
    """How much waits to be carried, and since when the oldest does."""

    unsent: int
    oldest: datetime | None


def put(conn: Connection, message: Proto, key: str, now: datetime, happened_at: datetime | None = None) -> None:
    """Says a fact about the item `key`; it leaves the service when the transaction is committed, in order of `key`."""
    put_all(conn, [(message, key)], now, happened_at)


def put_all(
    conn: Connection, said: Sequence[tuple[Proto, str]], now: datetime, happened_at: datetime | None = None
) -> None:
    """Many facts with their keys, in this order, in one statement."""
    rows = [
        {
            "message_id": new_id(),
            "kind": kind(message),
            "key": key,
            "body": message.SerializeToString(deterministic=True),
            "happened_at": happened_at or now,
            "recorded_at": now,
            "traceparent": trace_context.here() or None,
        }
        for message, key in said
    ]
    if rows:
        conn.execute(insert(facts).values(tx=transaction_number(conn)), rows)
        announce(conn, "facts")


def after(conn: Connection, place: Place, limit: int) -> list[Fact]:
    """Facts beyond this place, in order, that no open transaction can still precede."""
    rows = conn.execute(_AFTER.where(settled(conn, facts.c.tx)), {**place._asdict(), "at_most": limit})
    return [_fact(row) for row in rows]


def newest(conn: Connection) -> Place:
    """Of the last fact that no open transaction can still precede."""
    last = select(facts.c.tx, facts.c.id).where(settled(conn, facts.c.tx))
    row = conn.execute(last.order_by(facts.c.tx.desc(), facts.c.id.desc()).limit(1)).one_or_none()
    return Place(*row) if row else START


def unsent(conn: Connection, topic_id: str, limit: int) -> list[Fact]:
    """Facts that were not yet carried to the topic `topic_id`, in order."""
    found = select(*_READ).where(_elsewhere(topic_id), settled(conn, facts.c.tx))
    rows = conn.execute(found.order_by(facts.c.id).limit(limit))
    return [_fact(row) for row in rows]


def mark_sent(conn: Connection, numbers: Sequence[int], topic_id: str) -> None:
    conn.execute(update(facts).where(facts.c.id.in_(numbers)).values(sent_to=topic_id))


def resend(conn: Connection, now: datetime) -> int:
    """All kept facts are carried once more; returns how many. Consumers know those they have seen."""
    conn.execute(update(facts).values(sent_to=None))
    conn.execute(insert(generations).values(started_at=now))
    announce(conn, "facts")
    return count(conn)


def count(conn: Connection) -> int:
    """All that are kept."""
    return int(conn.scalar(select(func.count()).select_from(facts)) or 0)


def generation(conn: Connection) -> int:
    """Grows with each `resend`."""
    return int(conn.scalar(select(func.max(generations.c.id))) or 0)


def waiting(conn: Connection, topic_id: str) -> Unsent:
    """What a relay has yet to send to this topic."""
    return _waiting(conn, _elsewhere(topic_id), {})


def waiting_beyond(conn: Connection, place: Place) -> Unsent:
    """What a reader that stands here has yet to read."""
    return _waiting(conn, _BEYOND, place._asdict())


def prune(conn: Connection, now: datetime, at_most: int) -> int:
    """Drops facts older than 35 days, the oldest first; returns how many."""
    oldest = select(facts.c.id).order_by(facts.c.id).limit(at_most).subquery()
    old = (facts.c.id.in_(select(oldest.c.id)), facts.c.recorded_at < now - KEPT)
    return conn.execute(delete(facts).where(*old)).rowcount


def _waiting(conn: Connection, condition: ColumnElement[bool], known: Mapping[str, int]) -> Unsent:
    waiting_rows = select(func.count(), func.min(facts.c.recorded_at)).where(condition)
    return Unsent(*conn.execute(waiting_rows, known).one())


def _elsewhere(topic_id: str) -> ColumnElement[bool]:
    return or_(facts.c.sent_to.is_(None), facts.c.sent_to != topic_id)


def _fact(row: Any) -> Fact:
    place = Place(row.tx, row.id)
    return Fact(place, row.message_id, row.kind, row.key, row.body, row.happened_at, row.traceparent or "")


_SAID = (facts.c.message_id, facts.c.kind, facts.c.key, facts.c.body, facts.c.happened_at, facts.c.traceparent)
_READ = (facts.c.tx, facts.c.id, *_SAID)
# Built once: whoever listens asks at every wake.
_TX, _NUMBER = bindparam("tx", type_=BigInteger()), bindparam("number", type_=BigInteger())
_BEYOND = or_(facts.c.tx > _TX, and_(facts.c.tx == _TX, facts.c.id > _NUMBER))
_AFTER = select(*_READ).where(_BEYOND).order_by(facts.c.tx, facts.c.id).limit(bindparam("at_most"))
