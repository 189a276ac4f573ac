"""Who changed or shared what: rows written in the change's transaction, sealed into a chain a moment later.

A chain inside the transaction would make every write wait for every other; so a sealer chains committed rows once a
second. A row that is edited, deleted, swapped or cut afterwards breaks the chain at that row.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, String, Table, func, insert, select

from services.common import privacy
from services.common.access import Person
from services.common.database import Database, Id, UtcDateTime, settled, transaction_number
from services.common.floor_tables import FLOOR

_START = b"\0" * 32
_AT_ONCE = 500
_EVERY_S = 1.0

audit = Table(
    "audit",
    FLOOR,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
    # A member id, or the name of a workload.
    Column("actor", Id, nullable=False, index=True, info=privacy.PERSON),
    Column("action", String(80), nullable=False, info=privacy.STATE),
    Column("item_id", Id, nullable=False, index=True, info=privacy.IDS),
    Column("tx", BigInteger, nullable=False, info=privacy.COUNTS),
    sqlite_autoincrement=True,
)

seals = Table(
    "audit_seals",
    FLOOR,
    Column("place", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("number", BigInteger, nullable=False, unique=True, info=privacy.COUNTS),
    Column("seal", LargeBinary, nullable=False, info=privacy.SIGNED),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class AuditRow:
    """One thing that somebody did."""

    number: int
    at: datetime
    actor: str
    action: str
    item_id: str


@dataclass(frozen=True)
class Verdict:
    """Whether the sealed rows are as they were sealed; `broken_at` is the first that is not."""

    rows: int
    broken_at: int | None


def add(conn: Connection, actor: Person | str, action: str, item_id: str, now: datetime) -> None:
    """Notes in the change's transaction who did what to which item; never names or free text."""
    add_all(conn, actor, [(action, item_id)], now)


def add_all(conn: Connection, actor: Person | str, did: Sequence[tuple[str, str]], now: datetime) -> None:
    """Many rows of one actor, each an action and its item, in one statement.

    Where a convenor acts for a member the convenor is the actor, and a second row says for whom.
    """
    who = (actor.acting_id or actor.member_id) if isinstance(actor, Person) else actor
    told = [*did, *_for_whom(actor, did)]
    rows = [{"at": now, "actor": who, "action": action, "item_id": item_id} for action, item_id in told]
    if rows:
        conn.execute(insert(audit).values(tx=transaction_number(conn)), rows)


def rows_before(conn: Connection, item_id: str, number: int | None, limit: int) -> list[AuditRow]:
    """Newest first; of all items when `item_id` is empty."""
    found = select(*_READ).order_by(audit.c.number.desc()).limit(limit)
    if item_id:
        found = found.where(audit.c.item_id == item_id)
    if number is not None:
        found = found.where(audit.c.number < number)
    return [AuditRow(*row) for row in conn.execute(found)]


def counts(conn: Connection) -> tuple[int, int]:
    """All rows, and those not sealed yet."""
    total = int(conn.scalar(select(func.count()).select_from(audit)) or 0)
    return total, total - int(conn.scalar(select(func.count()).select_from(seals)) or 0)


def seal(db: Database) -> float:
    """One step of the sealer: chains what was committed since; returns the seconds to wait."""
    with db.only_one("audit") as mine:
        if not mine:
            return _EVERY_S
        with db.read() as conn:
            waiting = bool(_unsealed(conn, limit=1))
        if not waiting:
            return _EVERY_S
        with db.write() as conn:
            sealed = _seal_next(conn)
    return 0.0 if sealed == _AT_ONCE else _EVERY_S


def verify(conn: Connection) -> Verdict:
    """Recomputes the chain from its first row."""
    previous, rows = _START, 0
    sealed = select(*_READ, seals.c.number.label("sealed_number"), seals.c.place, seals.c.seal)
    for row in conn.execute(
        sealed.select_from(seals.outerjoin(audit, audit.c.number == seals.c.number)).order_by("place")
    ):
        rows += 1
        if row.number is None or row.place != rows or _chained(previous, AuditRow(*row[:5])) != row.seal:
            return Verdict(rows, row.sealed_number)
        previous = row.seal
    return Verdict(rows, None)


def _for_whom(actor: Person | str, did: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    if isinstance(actor, str) or not actor.acting_id:
        return []
    return [(f"{action} on behalf of this member", actor.member_id) for action, _ in did]


def _seal_next(conn: Connection) -> int:
    last = conn.execute(select(seals.c.place, seals.c.seal).order_by(seals.c.place.desc()).limit(1)).one_or_none()
    place, previous = (last.place, last.seal) if last else (0, _START)
    chained = []
    for row in _unsealed(conn, _AT_ONCE):
        place, previous = place + 1, _chained(previous, row)
        chained.append({"place": place, "number": row.number, "seal": previous})
    if chained:
        conn.execute(insert(seals), chained)
    return len(chained)


def _unsealed(conn: Connection, limit: int) -> list[AuditRow]:
    missing = select(*_READ).outerjoin(seals, seals.c.number == audit.c.number).where(seals.c.number.is_(None))
    rows = conn.execute(missing.where(settled(conn, audit.c.tx)).order_by(audit.c.number).limit(limit))
    return [AuditRow(*row) for row in rows]


def _chained(previous: bytes, row: AuditRow) -> bytes:
    words = "\x1f".join((str(row.number), row.at.isoformat(), row.actor, row.action, row.item_id))
    return hashlib.sha256(previous + words.encode()).digest()


_READ = (audit.c.number, audit.c.at, audit.c.actor, audit.c.action, audit.c.item_id)
