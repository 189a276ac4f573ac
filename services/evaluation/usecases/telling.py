"""What a county tells the hub: an exact number for each figure and month, told anew only when it changed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, facts
from services.common.database import Database
from services.common.errors import NotFound
from services.common.ids import new_id
from services.evaluation.domain import region
from services.evaluation.domain.indicators import INDICATORS
from services.evaluation.domain.months import MOST, window
from services.evaluation.domain.region import Aggregate, Node
from services.evaluation.domain.standing import Cell
from services.evaluation.messages import said
from services.evaluation.store import aggregates, figures
from services.evaluation.usecases.reading import exact

NAME = "evaluation"


def know_nodes(db: Database, known: Sequence[Node]) -> None:
    """Keeps who is in the region, for doors that ask nobody."""
    wanted = sorted(known, key=lambda node: node.id)
    with db.read() as conn:
        if aggregates.nodes(conn) == wanted:
            return
    with db.write() as conn:
        aggregates.put_nodes(conn, wanted)


def tell_region(db: Database, now: datetime) -> int:
    """Tells what changed; nothing while this node is alone, or at the hub itself. Returns how many figures."""
    with db.read() as conn:
        if not _changed(conn, now):
            return 0
    with db.write() as conn:
        changed = _changed(conn, now)
        aggregates.put(conn, changed)
        facts.put_all(conn, [(said.item_shared(one.item_id, one.version), one.item_id) for one in changed], now)
        audit.add_all(conn, NAME, [("told the region", one.item_id) for one in changed], now)
        return len(changed)


def read_told(db: Database, item_id: str) -> tuple[Aggregate, str]:
    """A figure of this node and the hub that it is for; raises `NotFound` for anything else."""
    with db.read() as conn:
        found = aggregates.find_all(conn, [item_id]).get(item_id)
        own, hub = _ends(aggregates.nodes(conn))
    if found is None or own is None or hub is None or found.node_id != own.id:
        raise NotFound("There is no such figure of this node that the hub may read.")
    return found, hub.id


def _changed(conn: Connection, now: datetime) -> list[Aggregate]:
    own, hub = _ends(aggregates.nodes(conn))
    if own is None or hub is None:
        return []
    told = aggregates.of_node(conn, own.id)
    return region.told(own.id, own_figures(conn, window("", MOST, now)), told, fresh_id=new_id)


def own_figures(conn: Connection, months: Sequence[str]) -> dict[Cell, int]:
    """Every figure of this node's communities in these months."""
    return {
        Cell(community, each.code, month): number
        for community in figures.communities(conn)
        for known in [figures.of_community(conn, community, months[-1])]
        for each in INDICATORS
        for month, number in zip(months, exact(each, months, known.get(each.code, {})), strict=True)
    }


def _ends(known: Sequence[Node]) -> tuple[Node | None, Node | None]:
    """This node, and the hub unless they are the same."""
    own = next((node for node in known if node.own), None)
    hub = next((node for node in known if node.hub and not node.own), None)
    return own, hub
