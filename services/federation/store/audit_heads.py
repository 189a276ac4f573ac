"""Signed heads of audit trails, and how the last round of taking them went."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, select, update

from fosse.federation.v1 import entry_pb2
from services.federation.store.tables import audit_heads, audit_rounds

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class KeptHead:
    position: int
    signed: entry_pb2.SignedAuditHead


@dataclass(frozen=True)
class Round:
    """`asked`: how many rounds somebody asked for; `problem`: who gave no answer; `alarm`: what does not fit."""

    asked: int
    taken_at: datetime
    compared_at: datetime | None = None
    problem: str = ""
    alarm: str = ""


def add_once(
    conn: Connection,
    signed: entry_pb2.SignedAuditHead,
    statement: entry_pb2.AuditHeadStatement,
    received_at: datetime,
    *,
    lodged: bool = False,
) -> None:
    """Keeps a head; one that says the same is there already, and at most gets the note that the hub has it."""
    what = {"node": statement.node, "service": statement.service, "count": statement.count, "hash": statement.hash}
    same = [audit_heads.c[name] == value for name, value in what.items()]
    position = conn.scalar(select(audit_heads.c.position).where(*same))
    if position is None:
        bytes_of = {"statement": signed.statement, "signature": signed.signature}
        conn.execute(insert(audit_heads).values(**what, **bytes_of, received_at=received_at, lodged=lodged))
    elif lodged:
        note_lodged(conn, [position])


def after(conn: Connection, node: str, position: int, limit: int) -> list[KeptHead]:
    """Of one node, in the order of arrival."""
    which = (audit_heads.c.node == node, audit_heads.c.position > position)
    return _kept(conn, which, limit)


def not_lodged(conn: Connection, node: str, limit: int) -> list[KeptHead]:
    return _kept(conn, (audit_heads.c.node == node, ~audit_heads.c.lodged), limit)


def note_lodged(conn: Connection, positions: Sequence[int]) -> None:
    conn.execute(update(audit_heads).where(audit_heads.c.position.in_(positions)).values(lodged=True))


def newest(conn: Connection, node: str) -> dict[str, KeptHead]:
    """Of each service."""
    last = select(func.max(audit_heads.c.position)).where(audit_heads.c.node == node).group_by(audit_heads.c.service)
    found = conn.execute(select(audit_heads).where(audit_heads.c.position.in_(last)))
    return {row.service: KeptHead(row.position, _signed(row.statement, row.signature)) for row in found}


def count_lately(conn: Connection, node: str, now: datetime) -> int:
    lately = (audit_heads.c.node == node, audit_heads.c.received_at > now - _A_DAY)
    return int(conn.scalar(select(func.count()).select_from(audit_heads).where(*lately)) or 0)


def last_round(conn: Connection) -> Round | None:
    row = conn.execute(select(audit_rounds)).one_or_none()
    return Round(row.asked, row.taken_at, row.compared_at, row.problem, row.alarm) if row else None


def alarms(conn: Connection) -> list[str]:
    last = last_round(conn)
    return last.alarm.splitlines() if last else []


def note_round(conn: Connection, done: Round) -> None:
    """`asked` counts on; what a round did not find out anew stays. An alarm stays until somebody asked for a round."""
    before = last_round(conn)
    if before is None:
        conn.execute(insert(audit_rounds).values(one=1, **vars(done)))
        return
    counted = replace(
        done,
        asked=before.asked + done.asked,
        compared_at=done.compared_at or before.compared_at,
        alarm=done.alarm if done.asked else done.alarm or before.alarm,
    )
    conn.execute(update(audit_rounds).values(**vars(counted)))


def _kept(conn: Connection, which: Sequence[object], limit: int) -> list[KeptHead]:
    columns = (audit_heads.c.position, audit_heads.c.statement, audit_heads.c.signature)
    found = select(*columns).where(*which).order_by(audit_heads.c.position).limit(limit)  # type: ignore[arg-type]  # conditions
    return [KeptHead(row.position, _signed(row.statement, row.signature)) for row in conn.execute(found)]


def _signed(statement: bytes, signature: bytes) -> entry_pb2.SignedAuditHead:
    return entry_pb2.SignedAuditHead(statement=statement, signature=signature)
