"""Who may see an item, and whether it leaves this node."""

from enum import IntEnum

from services.common.errors import Invalid


class Audience(IntEnum):
    """The wider, the greater; the numbers are those of `fosse.common.v1.Audience`."""

    COMMUNITY = 1
    NODE = 2
    NAMED_NODES = 3
    REGION = 4
    NATION = 5
    PUBLIC = 6

    @property
    def travels(self) -> bool:
        return self > Audience.NODE


IN_WORDS = {
    Audience.COMMUNITY: "its community",
    Audience.NODE: "everybody on this node",
    Audience.NAMED_NODES: "the nodes you name",
    Audience.REGION: "the region",
    Audience.NATION: "the nation",
    Audience.PUBLIC: "everybody, without signing in",
}
MOST_NODES = 200


def checked_audience(number: int) -> Audience:
    try:
        return Audience(number)
    except ValueError as error:
        raise Invalid("Choose who may see it.", {"audience": "choose one"}) from error


def checked_nodes(audience: Audience, node_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The named nodes, each once; none for another audience."""
    if audience is not Audience.NAMED_NODES:
        return ()
    if not node_ids:
        raise Invalid("Name at least one node that may see it.", {"node_ids": "name at least one"})
    if len(node_ids) > MOST_NODES or any(not node or len(node) > 64 for node in node_ids):
        raise Invalid("These nodes cannot be named. Choose them from the list again.", {"node_ids": "not nodes"})
    return tuple(sorted(set(node_ids)))
