"""Entries that were set aside, with the reason."""

from sqlalchemy import Connection, func, insert, select, tuple_

from services.federation.domain.copies import SetAside
from services.federation.store.streams import hexed
from services.federation.store.tables import quarantine


def add(conn: Connection, new: SetAside) -> None:
    row = {"node": new.node, "stream": new.stream, "epoch": hexed(new.epoch), "seq": new.seq}
    conn.execute(insert(quarantine).values(**row, item=new.item, reason=new.reason, at=new.at))


def add_once(conn: Connection, new: SetAside) -> None:
    """As `add`, for what may be told again."""
    place = (new.node, new.stream, hexed(new.epoch), new.seq)
    known = select(quarantine.c.number).where(
        tuple_(quarantine.c.node, quarantine.c.stream, quarantine.c.epoch, quarantine.c.seq) == place
    )
    if conn.execute(known).one_or_none() is None:
        add(conn, new)


def before(conn: Connection, number: int | None, limit: int) -> list[SetAside]:
    """Newest first."""
    found = select(quarantine).order_by(quarantine.c.number.desc()).limit(limit)
    rows = conn.execute(found if number is None else found.where(quarantine.c.number < number))
    return [
        SetAside(row.node, row.stream, int(row.epoch, 16), row.seq, row.item, row.reason, row.at, row.number)
        for row in rows
    ]


def counts(conn: Connection) -> dict[str, int]:
    """By origin."""
    found = select(quarantine.c.node, func.count()).group_by(quarantine.c.node)
    return {node: count for node, count in conn.execute(found)}
