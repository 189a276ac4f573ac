"""The figures themselves, and which of them wait to be counted anew."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from services.common.database import announce
from services.evaluation.domain.indicators import BY_CODE
from services.evaluation.domain.standing import Cell
from services.evaluation.store.tables import figure, stale

STALE = "stale"
"""Announced when there is something to count anew."""


def mark(conn: Connection, cells: Iterable[Cell]) -> None:
    """To be counted anew, soon after this transaction."""
    rows = [cell._asdict() for cell in sorted(set(cells))]
    if rows:
        conn.execute(insert(stale), rows)
        announce(conn, STALE)


def marked(conn: Connection, limit: int) -> dict[int, Cell]:
    """By the number under which each was marked, the oldest first."""
    found = select(stale.c.number, stale.c.community_id, stale.c.indicator, stale.c.month)
    return {row[0]: Cell(*row[1:]) for row in conn.execute(found.order_by(stale.c.number).limit(limit))}


def settle(conn: Connection, numbers: Collection[int]) -> None:
    conn.execute(delete(stale).where(stale.c.number.in_(numbers)))


def replace(conn: Connection, cell: Cell, counted: Mapping[Cell, int]) -> None:
    """What was counted takes the place of the cell; of what stands at month ends, of the community's whole series."""
    which = [figure.c.community_id == cell.community_id, figure.c.indicator == cell.indicator]
    if not BY_CODE[cell.indicator].at_month_end:
        which.append(figure.c.month == cell.month)
    conn.execute(delete(figure).where(*which))
    if counted:
        conn.execute(insert(figure), [{**each._asdict(), "number": number} for each, number in counted.items()])


def of_all(conn: Connection) -> dict[Cell, int]:
    return _found(conn)


def of_community(conn: Connection, community_id: str, until: str) -> dict[str, dict[str, int]]:
    """Numbers by month, by indicator."""
    by_indicator: dict[str, dict[str, int]] = {}
    for cell, number in _found(conn, figure.c.community_id == community_id, figure.c.month <= until).items():
        by_indicator.setdefault(cell.indicator, {})[cell.month] = number
    return by_indicator


def communities(conn: Connection) -> list[str]:
    return sorted(conn.scalars(select(figure.c.community_id).distinct()))


def _found(conn: Connection, *which: Any) -> dict[Cell, int]:
    rows = conn.execute(select(figure).where(*which))
    return {Cell(*row[:3]): row.number for row in rows}
