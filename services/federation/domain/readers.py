"""Who will hold a copy of an item with this audience, in plain words, before it is published; and who may ask where
an item comes from.
"""

from collections.abc import Iterable, Sequence

from fosse.common.v1 import audience_pb2
from services.common.access import Person
from services.common.errors import Invalid
from services.federation.domain import streams
from services.federation.domain.registry import KnownNode, Registry
from services.federation.domain.streams import Kind

_WIDE = (audience_pb2.AUDIENCE_REGION, audience_pb2.AUDIENCE_NATION, audience_pb2.AUDIENCE_PUBLIC)


def readers(
    registry: Registry | None, own_id: str, audience: audience_pb2.Audience.ValueType, named: Iterable[str]
) -> list[KnownNode]:
    """The other nodes that will hold it, by name."""
    if registry is None or audience not in (*_WIDE, audience_pb2.AUDIENCE_NAMED_NODES):
        return []
    wanted = set(named)
    others = [node for node in registry.nodes.values() if node.id != own_id and node.may_read]
    chosen = [node for node in others if audience in _WIDE or node.id in wanted]
    return sorted(chosen, key=lambda node: node.name)


def sentence(audience: audience_pb2.Audience.ValueType, nodes: Sequence[KnownNode]) -> str:
    who = joined([node.name for node in nodes])
    copy = f"{who} will hold a copy" if who else "No other node will hold a copy"
    if audience == audience_pb2.AUDIENCE_COMMUNITY:
        return "Only members of this community will see it. It will never leave this node and never be public."
    if audience == audience_pb2.AUDIENCE_NODE:
        return "Everybody who signs in at this node will see it. It will never leave this node and never be public."
    if audience == audience_pb2.AUDIENCE_NAMED_NODES:
        return f"{copy}. The hub passes it on sealed. It will never be public."
    if audience == audience_pb2.AUDIENCE_REGION:
        return f"{copy}, and so will each node that joins the region later. It will never be public."
    if audience == audience_pb2.AUDIENCE_NATION:
        return f"{copy}, and so will nodes of other regions as they join. It will never be public."
    if audience == audience_pb2.AUDIENCE_PUBLIC:
        return f"{copy}. It is public: anybody can read it without signing in, and copies cannot be called back."
    raise Invalid("Choose who may see it.", {"audience": "not chosen"})


def joined(names: Sequence[str]) -> str:
    """`A`, `A and B`, `A, B and C`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def may_ask_about(stream: str, community: str, person: Person | None, *, own: bool) -> bool:
    """Whether this person may know where an item of this stream comes from: those who may see the item."""
    parsed = streams.parse(stream)
    if parsed.kind is Kind.PUBLIC:
        return True
    if person is None or person.scope:
        return False
    if own:
        return person.is_in(community) or parsed.kind in (Kind.REGION, Kind.NATION)
    return parsed.kind is not Kind.COMMUNITY or person.is_in(parsed.community)
