"""Items of this node that changed and are not signed yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from services.common.database import announce
from services.federation.store.tables import to_sign

_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(frozen=True)
class ToSign:
    item: str
    service: str
    version: int
    attempts: int = 0


def notice(conn: Connection, new: ToSign, now: datetime) -> None:
    """Puts an item in line; one that stands there already is tried at once."""
    which = to_sign.c.item == new.item
    known = conn.scalar(select(to_sign.c.version).where(which).with_for_update())
    if known is None:
        row = {"item": new.item, "service": new.service, "version": new.version, "noticed_at": now}
        conn.execute(insert(to_sign).values(**row, try_at=now, attempts=0, problem=""))
    else:
        conn.execute(update(to_sign).where(which).values(version=max(known, new.version), try_at=now, attempts=0))
    announce(conn, "to_sign")


def due(conn: Connection, now: datetime, limit: int) -> list[ToSign]:
    found = select(to_sign.c.item, to_sign.c.service, to_sign.c.version, to_sign.c.attempts)
    ordered = found.where(to_sign.c.try_at <= now).order_by(to_sign.c.noticed_at, to_sign.c.item).limit(limit)
    return [ToSign(*row) for row in conn.execute(ordered)]


def done(conn: Connection, item: str, signed_version: int) -> None:
    """Takes the item out of line, unless a later change was noticed meanwhile."""
    conn.execute(delete(to_sign).where(to_sign.c.item == item, to_sign.c.version <= signed_version))


def put_off(conn: Connection, one: ToSign, problem: str, now: datetime) -> None:
    pause = min(timedelta(seconds=2 ** min(one.attempts, 10)), _LONGEST_PAUSE)
    values = {"try_at": now + pause, "attempts": one.attempts + 1, "problem": problem}
    conn.execute(update(to_sign).where(to_sign.c.item == one.item).values(**values))


def problems(conn: Connection) -> list[str]:
    """What keeps items from being signed, each sentence once."""
    return list(conn.scalars(select(to_sign.c.problem).where(to_sign.c.problem != "").distinct().limit(20)))


def waiting(conn: Connection) -> int:
    return int(conn.scalar(select(func.count()).select_from(to_sign)) or 0)
