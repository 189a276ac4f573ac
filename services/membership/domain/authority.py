"""Who may manage what: the operator the whole node, a convenor the own community."""

from collections.abc import Iterable

from services.common.access import Person

# The name of a workload: the operator at the command line has no pass.
Asker = Person | str


def manages_node(asker: Asker) -> bool:
    return isinstance(asker, str) or asker.operator


def manages(asker: Asker, communities: Iterable[str]) -> bool:
    """May this person change what belongs to these communities, all of them?"""
    if isinstance(asker, str) or asker.operator:
        return True
    return all(asker.is_convenor(community) for community in communities)
