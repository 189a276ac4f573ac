"""The region's page at the hub: the counties' figures by month, disclosed before they leave."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.common.database import Database
from services.evaluation.domain.indicators import INDICATORS
from services.evaluation.domain.months import window
from services.evaluation.domain.region import Node, RegionSeries, region_series
from services.evaluation.domain.standing import Cell
from services.evaluation.store import aggregates
from services.evaluation.usecases.reading import Asked
from services.evaluation.usecases.telling import own_figures


@dataclass(frozen=True)
class Region:
    """At a county only `hub` says something: no."""

    hub: bool
    months: tuple[str, ...]
    series: tuple[RegionSeries, ...] = ()
    missing: tuple[str, ...] = ()


def get_region(db: Database, asked: Asked, now: datetime) -> Region:
    months = window(asked.until, asked.months, now)
    with db.read() as conn:
        nodes = aggregates.nodes(conn)
        own = next((node for node in nodes if node.own and node.hub), None)
        if own is None:
            return Region(False, months)
        exact = _exact(conn, nodes, own, months)
    return _disclosed(exact, nodes, months)


def _exact(conn: Connection, nodes: Sequence[Node], own: Node, months: Sequence[str]) -> dict[str, dict[Cell, int]]:
    """Numbers of each node that has any: those of its communities added up."""
    exact: dict[str, dict[Cell, int]] = defaultdict(lambda: defaultdict(int))
    active = {node.id for node in nodes if node.active}
    told = [(one.node_id, one.cell, one.number) for one in aggregates.of_months(conn, months)]
    told += [(own.id, cell, number) for cell, number in own_figures(conn, months).items() if number]
    for node_id, cell, number in told:
        if node_id in active:
            exact[node_id][cell._replace(community_id="")] += number
    return exact


def _disclosed(exact: dict[str, dict[Cell, int]], nodes: Sequence[Node], months: tuple[str, ...]) -> Region:
    series = [
        region_series(
            each,
            months,
            {node: [known.get(Cell("", each.code, month), 0) for month in months] for node, known in exact.items()},
        )
        for each in INDICATORS
    ]
    heard = {node for node, known in exact.items() if any(cell.month == months[-1] for cell in known)}
    missing = tuple(node.id for node in nodes if node.active and not node.hub and node.id not in heard)
    return Region(True, months, tuple(series), missing)
