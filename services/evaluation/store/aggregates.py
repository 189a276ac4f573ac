"""Figures that travel: what this node tells the hub, what the hub holds of the counties, and which nodes there are."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from services.evaluation.domain.region import Aggregate, Node
from services.evaluation.domain.standing import Cell
from services.evaluation.store.tables import aggregate, node


def nodes(conn: Connection) -> list[Node]:
    return [Node(*row) for row in conn.execute(select(node).order_by(node.c.node_id))]


def put_nodes(conn: Connection, known: Sequence[Node]) -> None:
    conn.execute(delete(node))
    if known:
        rows = [{"node_id": one.id, "own": one.own, "hub": one.hub, "active": one.active} for one in known]
        conn.execute(insert(node), rows)


def find_all(conn: Connection, ids: Collection[str]) -> dict[str, Aggregate]:
    return {one.item_id: one for one in _found(conn, aggregate.c.item_id.in_(ids))}


def of_node(conn: Connection, node_id: str) -> dict[Cell, Aggregate]:
    """What stands for each cell; what was taken back does not."""
    return {one.cell: one for one in _found(conn, aggregate.c.node_id == node_id, aggregate.c.gone.is_(False))}


def of_months(conn: Connection, months: Collection[str]) -> list[Aggregate]:
    return _found(conn, aggregate.c.month.in_(months), aggregate.c.gone.is_(False))


def put(conn: Connection, new: Sequence[Aggregate]) -> None:
    """Each replaces the one that stood under its id."""
    if not new:
        return
    conn.execute(delete(aggregate).where(aggregate.c.item_id.in_([one.item_id for one in new])))
    conn.execute(insert(aggregate), [_row(one) for one in new])


def _row(one: Aggregate) -> dict[str, Any]:
    kept = {"item_id": one.item_id, "node_id": one.node_id, "version": one.version}
    return {**kept, **one.cell._asdict(), "number": one.number, "gone": one.gone}


def _found(conn: Connection, *which: Any) -> list[Aggregate]:
    rows = conn.execute(select(aggregate).where(*which))
    return [
        Aggregate(row.item_id, row.node_id, row.version, Cell(row.community_id, row.indicator, row.month), row.number,
                  row.gone)
        for row in rows
    ]  # fmt: skip
