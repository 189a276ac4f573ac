"""The chain over audit rows: each seal is the hash of a row and of the seal before it (audit_proof).

A chain inside the change's transaction would make every write wait for every other; so a sealer chains committed rows
once a second. A row that is edited, deleted, swapped or cut afterwards breaks the chain at that row. Who can write to
this database can also write the chain anew, or cut its end: what tells then is a head of the chain that federation
signed and lodged at the hub before (decision 0031).
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    Table,
    exists,
    func,
    insert,
    select,
    update,
)

from services.common import privacy
from services.common.audit import TO_SEAL, AuditRow, audit
from services.common.audit_proof import SALT_BYTES, START, Sealed, chained, row_digest
from services.common.database import Database, settled
from services.common.floor_tables import FLOOR

_AT_ONCE = 500
_EVERY_S = 1.0

chain = Table(
    "audit_chain",
    FLOOR,
    Column(
        "place",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
        info=privacy.COUNTS,
    ),
    Column("number", BigInteger, nullable=False, unique=True, info=privacy.COUNTS),
    # A salt, or once the value was erased what value and salt made.
    Column("actor_proof", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("item_proof", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("seal", LargeBinary, nullable=False, info=privacy.SIGNED),
)


@dataclass(frozen=True)
class Link:
    """One place of the chain; `row` is None where the audit row is gone."""

    place: int
    number: int
    seal: bytes
    row: Sealed | None


@dataclass(frozen=True)
class Head:
    """How far the chain reaches: the number of its rows and the last one's seal."""

    count: int
    seal: bytes


@dataclass(frozen=True)
class Verdict:
    """Whether the sealed rows are as they were sealed; `broken_at` is the number of the first that is not.

    `emptied`: rows that somebody was erased from, which still fit.
    """

    rows: int
    broken_at: int | None
    emptied: int = 0


def seal(db: Database, salt: Callable[[int], bytes] = secrets.token_bytes) -> float:
    """One step of the sealer: chains what was committed since; returns the seconds to wait."""
    with db.only_one("audit") as mine:
        if not mine:
            return _EVERY_S
        with db.read() as conn:
            waiting = bool(_unsealed(conn, limit=1))
        if not waiting:
            return _EVERY_S
        with db.write() as conn:
            sealed = _seal_next(conn, salt)
    return 0.0 if sealed == _AT_ONCE else _EVERY_S


def verify(conn: Connection) -> Verdict:
    """Recomputes the chain from its first row."""
    previous, rows, emptied = START, 0, 0
    while some := links_after(conn, rows, _AT_ONCE):
        for link in some:
            rows += 1
            if link.row is None or link.place != rows or chained(previous, row_digest(link.row)) != link.seal:
                return Verdict(rows, link.number, emptied)
            previous = link.seal
            emptied += link.row.emptied
    return Verdict(rows, _said_to_be_sealed(conn), emptied)


def head(conn: Connection) -> Head:
    last = conn.execute(select(chain.c.place, chain.c.seal).order_by(chain.c.place.desc()).limit(1)).one_or_none()
    return Head(*last) if last else Head(0, START)


def seals_at(conn: Connection, places: Sequence[int]) -> dict[int, bytes]:
    """The seals of those places that the chain has."""
    found = conn.execute(select(chain.c.place, chain.c.seal).where(chain.c.place.in_(places)))
    return {place: bytes(one) for place, one in found}


def links_after(conn: Connection, place: int, limit: int) -> list[Link]:
    return _links(conn, chain.c.place > place, limit)


def history_of(conn: Connection, item_id: str, place: int, limit: int) -> list[Link]:
    """The sealed rows of one item after this place, the oldest first."""
    return _links(conn, (chain.c.place > place) & (audit.c.item_id == item_id), limit)


def _links(conn: Connection, which: Any, limit: int) -> list[Link]:
    both = select(*_ROW, *(chain.c[name] for name in ("place", "actor_proof", "item_proof", "seal")))
    both = both.add_columns(chain.c.number.label("sealed_number"))
    joined = both.select_from(chain.outerjoin(audit, audit.c.number == chain.c.number))
    return [_link(found) for found in conn.execute(joined.where(which).order_by(chain.c.place).limit(limit))]


def _link(found: Any) -> Link:
    row = None
    if found.number is not None:
        proofs = (bytes(found.actor_proof), bytes(found.item_proof))
        row = Sealed(found.number, found.at, found.action, found.actor, found.item_id, *proofs)
    return Link(found.place, found.sealed_number, bytes(found.seal), row)


def _seal_next(conn: Connection, salt: Callable[[int], bytes]) -> int:
    last = head(conn)
    place, previous = last.count, last.seal
    chained_rows = []
    for row in _unsealed(conn, _AT_ONCE):
        proofs = {"actor_proof": salt(SALT_BYTES), "item_proof": salt(SALT_BYTES)}
        sealed = Sealed(row.number, row.at, row.action, row.actor, row.item_id, **proofs)
        place, previous = place + 1, chained(previous, row_digest(sealed))
        chained_rows.append({"place": place, "number": row.number, **proofs, "seal": previous})
    if chained_rows:
        conn.execute(insert(chain), chained_rows)
        conn.execute(update(audit).where(audit.c.number.in_(row["number"] for row in chained_rows)).values(sealed=True))
    return len(chained_rows)


def _unsealed(conn: Connection, limit: int) -> list[AuditRow]:
    # Should somebody clear the sealer's note, a row must not come twice.
    known = exists().where(chain.c.number == audit.c.number)
    waiting = select(*_ROW).where(TO_SEAL, ~known, settled(conn, audit.c.tx))
    return [AuditRow(*row) for row in conn.execute(waiting.order_by(audit.c.number).limit(limit))]


def _said_to_be_sealed(conn: Connection) -> int | None:
    """The first row that the sealer was told to pass over and that no place of the chain names."""
    missing = select(func.min(audit.c.number)).outerjoin(chain, chain.c.number == audit.c.number)
    first: int | None = conn.scalar(missing.where(audit.c.sealed, chain.c.number.is_(None)))
    return first


_ROW = (audit.c.number, audit.c.at, audit.c.actor, audit.c.action, audit.c.item_id)
