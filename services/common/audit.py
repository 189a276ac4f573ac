"""Who changed or shared what: rows written in the change's transaction, sealed a moment later (audit_chain)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    false,
    func,
    insert,
    select,
    text,
)

from services.common import privacy
from services.common.access import Person
from services.common.database import Id, UtcDateTime, transaction_number
from services.common.floor_tables import FLOOR

# In the words of the index, which is used only where they are the same.
TO_SEAL = text("NOT sealed")

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
    # A note for the sealer alone: whether a row is in the chain is what the chain says.
    Column("sealed", Boolean, nullable=False, server_default=false(), info=privacy.STATE),
    Index("audit_to_seal", "number", sqlite_where=TO_SEAL, postgresql_where=TO_SEAL),
    sqlite_autoincrement=True,
)

# The chain of software before floor_0002, read by nobody; it goes once no such software can still run.
old_seals = Table(
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
class Unsealed:
    """How many rows wait to be sealed, and since when the oldest does."""

    rows: int
    oldest: datetime | None


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


def count(conn: Connection) -> int:
    return int(conn.scalar(select(func.count()).select_from(audit)) or 0)


def unsealed(conn: Connection) -> Unsealed:
    """What the sealer has yet to do: the index of such rows alone is read."""
    return Unsealed(*conn.execute(select(func.count(), func.min(audit.c.at)).where(TO_SEAL)).one())


def _for_whom(actor: Person | str, did: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    if isinstance(actor, str) or not actor.acting_id:
        return []
    return [(f"{action} on behalf of this member", actor.member_id) for action, _ in did]


_READ = (audit.c.number, audit.c.at, audit.c.actor, audit.c.action, audit.c.item_id)
