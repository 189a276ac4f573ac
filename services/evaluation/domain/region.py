"""The region: what a county tells the hub, what the hub takes, and what of all that may be shown."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.common.errors import Invalid, NotAllowed
from services.common.ids import checked
from services.evaluation.domain.disclosure import Figure, disclosed, disclosed_row
from services.evaluation.domain.indicators import Indicator
from services.evaluation.domain.months import is_month
from services.evaluation.domain.sentences import series_sentence
from services.evaluation.domain.standing import Cell

MOST = 1_000_000_000


@dataclass(frozen=True)
class Node:
    """A node of the region, as federation last told."""

    id: str
    own: bool = False
    hub: bool = False
    # Suspended and expelled nodes are not shown.
    active: bool = True


@dataclass(frozen=True)
class Aggregate:
    """A county's figure: of this node as it is told to the hub, or of another as the hub holds it."""

    item_id: str
    node_id: str
    version: int
    cell: Cell
    number: int
    # Taken back by its node; kept as a tombstone.
    gone: bool = False


@dataclass(frozen=True)
class RegionSeries:
    indicator: Indicator
    region: tuple[Figure, ...]
    counties: Mapping[str, tuple[Figure, ...]]
    sentence: str


def told(
    node_id: str, now: Mapping[Cell, int], before: Mapping[Cell, Aggregate], *, fresh_id: Callable[[], str]
) -> list[Aggregate]:
    """What must be told anew: a version grows only with a number, and what never was anything is not told.

    An item's id is random: whoever could work it out could take it first, and the owner's figure would be refused.
    """
    changed = []
    for cell, number in now.items():
        known = before.get(cell)
        if known is None and number:
            changed.append(Aggregate(fresh_id(), node_id, 1, cell, number))
        elif known is not None and known.number != number:
            changed.append(Aggregate(known.item_id, node_id, known.version + 1, cell, number))
    return changed


def require_sound(one: Aggregate) -> Aggregate:
    checked(one.item_id)
    checked(one.cell.community_id, "community_id")
    if not is_month(one.cell.month):
        raise Invalid("Its month is none.")
    if not 0 <= one.number <= MOST:
        raise Invalid("Its number cannot be a count.")
    if one.version < 1:
        raise Invalid("It has no version.")
    return one


def replaces(held: Aggregate | None, offered: Aggregate) -> bool:
    """Does it change what is held? The higher version wins; what was taken back stays so up to its version."""
    if held is None:
        return True
    if held.node_id != offered.node_id:
        raise NotAllowed("It belongs to another node.")
    return offered.version > held.version or (offered.version == held.version and offered.gone and not held.gone)


def region_series(indicator: Indicator, months: Sequence[str], exact: Mapping[str, Sequence[int]]) -> RegionSeries:
    """`exact`: the numbers of each node, by month. Each month is a row of counties beside its published total."""
    nodes = sorted(exact)
    total = tuple(disclosed(sum(exact[node][at] for node in nodes), indicator.people) for at in range(len(months)))
    rows = [disclosed_row([exact[node][at] for node in nodes], indicator.people) for at in range(len(months))]
    counties = {node: tuple(row[place] for row in rows) for place, node in enumerate(nodes)}
    return RegionSeries(indicator, total, counties, series_sentence(indicator, months, total))
