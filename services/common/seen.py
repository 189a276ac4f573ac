"""What a consumer has handled, what it could not, and how far it has read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime
from services.common.facts import START, Place
from services.common.floor_tables import FLOOR

seen = Table(
    "seen",
    FLOOR,
    Column("consumer", String(60), primary_key=True, info=privacy.STATE),
    Column("message_id", Id, primary_key=True, info=privacy.IDS),
    Column("at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
)

parked = Table(
    "parked",
    FLOOR,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("consumer", String(60), nullable=False, info=privacy.STATE),
    Column("message_id", Id, nullable=False, info=privacy.IDS),
    Column("topic", String(80), nullable=False, info=privacy.STATE),
    Column("kind", String(120), nullable=False, info=privacy.STATE),
    Column("key", Id, nullable=False, index=True, info=privacy.IDS),
    Column("body", LargeBinary, nullable=False, info=privacy.STATE),
    Column("happened_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("reason", String(200), nullable=False, info=privacy.STATE),
    Column("parked_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    UniqueConstraint("consumer", "message_id"),
    sqlite_autoincrement=True,
)

positions = Table(
    "positions",
    FLOOR,
    Column("consumer", String(60), primary_key=True, info=privacy.STATE),
    Column("topic", String(80), primary_key=True, info=privacy.STATE),
    Column("generation", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("tx", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("number", BigInteger, nullable=False, info=privacy.COUNTS),
)


class OnItsWay(Protocol):
    """What `park` needs of a message."""

    @property
    def id(self) -> str: ...
    @property
    def topic(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def body(self) -> bytes: ...
    @property
    def happened_at(self) -> datetime: ...


@dataclass(frozen=True)
class Parked:
    """A message that waits for a person."""

    number: int
    consumer: str
    message_id: str
    topic: str
    kind: str
    key: str
    body: bytes
    happened_at: datetime
    reason: str
    parked_at: datetime


def unseen(conn: Connection, consumer: str, ids: Sequence[str]) -> set[str]:
    known = conn.scalars(select(seen.c.message_id).where(seen.c.consumer == consumer, seen.c.message_id.in_(ids)))
    return set(ids) - set(known)


def note(conn: Connection, consumer: str, ids: Iterable[str], now: datetime) -> None:
    rows = [{"consumer": consumer, "message_id": message_id, "at": now} for message_id in sorted(ids)]
    if rows:
        conn.execute(insert(seen), rows)


def blocked_keys(conn: Connection, consumer: str, keys: Iterable[str]) -> set[str]:
    """Those of the keys that have a parked message."""
    found = select(parked.c.key).where(parked.c.consumer == consumer, parked.c.key.in_(list(keys)))
    return set(conn.scalars(found))


def park(conn: Connection, consumer: str, message: OnItsWay, reason: str, now: datetime) -> None:
    conn.execute(
        insert(parked).values(
            consumer=consumer,
            message_id=message.id,
            topic=message.topic,
            kind=message.kind,
            key=message.key,
            body=message.body,
            happened_at=message.happened_at,
            reason=reason,
            parked_at=now,
        )
    )


def still_parked(conn: Connection, consumer: str, message_id: str, reason: str, now: datetime) -> None:
    which = (parked.c.consumer == consumer, parked.c.message_id == message_id)
    conn.execute(update(parked).where(*which).values(reason=reason, parked_at=now))


def unpark(conn: Connection, consumer: str, message_id: str) -> None:
    conn.execute(delete(parked).where(parked.c.consumer == consumer, parked.c.message_id == message_id))


def parked_of(conn: Connection, consumer: str) -> list[Parked]:
    """Oldest first."""
    rows = conn.execute(select(parked).where(parked.c.consumer == consumer).order_by(parked.c.number))
    return [Parked(*row) for row in rows]


def parked_after(conn: Connection, number: int, limit: int) -> list[Parked]:
    """Of all consumers, oldest first, for the page an operator reads."""
    rows = conn.execute(select(parked).where(parked.c.number > number).order_by(parked.c.number).limit(limit))
    return [Parked(*row) for row in rows]


def count_parked(conn: Connection) -> int:
    return int(conn.scalar(select(func.count()).select_from(parked)) or 0)


@dataclass(frozen=True)
class Position:
    """Where the last fact handled lies, and in which generation of its topic."""

    generation: int
    place: Place

    def within(self, generation: int) -> Place:
        """The start when the facts are being sent once more."""
        return self.place if self.generation == generation else START


# Built once: whoever listens asks at every wake.
_POSITION = select(positions.c.generation, positions.c.tx, positions.c.number).where(
    positions.c.consumer == bindparam("by"), positions.c.topic == bindparam("of")
)


def position(conn: Connection, consumer: str, topic: str) -> Position:
    row = conn.execute(_POSITION, {"by": consumer, "of": topic}).one_or_none()
    return Position(row.generation, Place(row.tx, row.number)) if row else Position(0, START)


def move(conn: Connection, consumer: str, topic: str, generation: int, place: Place) -> None:
    which = (positions.c.consumer == consumer, positions.c.topic == topic)
    new = {"generation": generation, "tx": place.tx, "number": place.number}
    if not conn.execute(update(positions).where(*which).values(new)).rowcount:
        conn.execute(insert(positions).values(consumer=consumer, topic=topic, **new))


def prune(conn: Connection, before: datetime, at_most: int) -> int:
    """Forgets the oldest messages handled before then; returns how many."""
    old = select(seen.c.consumer, seen.c.message_id).where(seen.c.at < before).order_by(seen.c.at).limit(at_most)
    return conn.execute(delete(seen).where(tuple_(seen.c.consumer, seen.c.message_id).in_(old))).rowcount
