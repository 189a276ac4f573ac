"""Who belongs at the end of each month: from all that was ever said of members, in whichever order it came."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from services.evaluation.domain.indicators import MEMBERS, ORGANISATIONS


class Cell(NamedTuple):
    """Where a number stands."""

    community_id: str
    indicator: str
    month: str


@dataclass(frozen=True)
class Membership:
    """What one version of a member says of one community, from its month on until a higher one says something else."""

    member_id: str
    version: int
    community_id: str
    # Empty for a member without an organisation.
    organisation_id: str
    gone: bool
    month: str


def standing(said: Iterable[Membership]) -> dict[Cell, int]:
    """The numbers at the end of each month in which something changed; between those they stand as before."""
    latest: dict[tuple[str, str], Membership] = {}
    members, homes = Counter[str](), Counter[tuple[str, str]]()
    organisations = Counter[str]()
    numbers: dict[Cell, int] = {}
    touched = set[str]()
    for month, new in groupby(sorted(said, key=lambda one: one.month), key=lambda one: one.month):
        for one in new:
            before = latest.get((one.community_id, one.member_id))
            if before is None or one.version > before.version:
                latest[one.community_id, one.member_id] = one
                for state, by in ((before, -1), (one, 1)):
                    if state and not state.gone:
                        _count(state, by, members, homes, organisations)
            touched.add(one.community_id)
        for community in touched:
            numbers[Cell(community, MEMBERS.code, month)] = members[community]
            numbers[Cell(community, ORGANISATIONS.code, month)] = organisations[community]
    return numbers


def carried(known: Mapping[str, int], months: Iterable[str]) -> list[int]:
    """The numbers at the end of these months, of which only those are known in which something changed."""
    changes = sorted(known)
    before = [[each for each in changes if each <= month] for month in months]
    return [known[each[-1]] if each else 0 for each in before]


def _count(
    one: Membership, by: int, members: Counter[str], homes: Counter[tuple[str, str]], organisations: Counter[str]
) -> None:
    members[one.community_id] += by
    if one.organisation_id:
        home = (one.community_id, one.organisation_id)
        had = homes[home] > 0
        homes[home] += by
        organisations[one.community_id] += (homes[home] > 0) - had
