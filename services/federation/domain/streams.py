"""Names of streams, which audience goes into which, and who may read and write them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from fosse.common.v1 import audience_pb2
from services.common.errors import Invalid

if TYPE_CHECKING:
    from services.federation.domain.registry import Registry

REGION, NATION, PUBLIC = "region", "nation", "public"

NODE_ID = re.compile(r"[0-9a-f]{64}\Z")
ITEM_ID = re.compile(r"[0-9a-f]{32}\Z")
_NAME = re.compile(r"(region|nation|public)\Z|to:([0-9a-f]{64})\Z|community:([0-9a-f]{64})/([0-9a-f]{32})\Z")


class Kind(Enum):
    REGION = REGION
    NATION = NATION
    PUBLIC = PUBLIC
    TO = "to"
    COMMUNITY = "community"


@dataclass(frozen=True)
class Stream:
    """A parsed name. `node`: whom a `to:` stream is for, or whose community it is."""

    kind: Kind
    node: str = ""
    community: str = ""

    @property
    def name(self) -> str:
        if self.kind is Kind.TO:
            return f"to:{self.node}"
        if self.kind is Kind.COMMUNITY:
            return f"community:{self.node}/{self.community}"
        return str(self.kind.value)

    @property
    def sealed(self) -> bool:
        return self.kind is Kind.TO


def parse(name: str) -> Stream:
    found = _NAME.match(name)
    if not found:
        raise Invalid("There is no stream of this name.")
    everybody, to, home, community = found.groups()
    if everybody:
        return Stream(Kind(everybody))
    return Stream(Kind.TO, to) if to else Stream(Kind.COMMUNITY, home, community)


def to_node(node_id: str) -> str:
    return Stream(Kind.TO, node_id).name


def of_community(home: str, community: str) -> str:
    return Stream(Kind.COMMUNITY, home, community).name


def is_community(place: str) -> bool:
    """Whether this is `<node id>/<community id>`, as the registry writes it."""
    return bool(_NAME.match(f"community:{place}"))


_EVERYBODY = {
    audience_pb2.AUDIENCE_REGION: REGION,
    audience_pb2.AUDIENCE_NATION: NATION,
    audience_pb2.AUDIENCE_PUBLIC: PUBLIC,
}


@dataclass(frozen=True)
class Source:
    """Where an item comes from: its node, its community, and whether other nodes are admitted to that community."""

    node: str
    community: str
    community_is_shared: bool = False


def streams_for(audience: audience_pb2.Audience.ValueType, node_ids: Iterable[str], source: Source) -> tuple[str, ...]:
    """The streams an item with this audience is put in; none for what stays at home."""
    if audience in _EVERYBODY:
        return (_EVERYBODY[audience],)
    if audience == audience_pb2.AUDIENCE_NAMED_NODES:
        return tuple(to_node(node) for node in sorted(set(node_ids)) if node != source.node)
    if audience == audience_pb2.AUDIENCE_COMMUNITY and source.community_is_shared:
        return (of_community(source.node, source.community),)
    return ()


def may_read(name: str, reader: str, registry: "Registry") -> bool:
    """Whether the registry lets this node have every entry of the stream, header and body."""
    node = registry.node(reader)
    if node is None or not node.may_read:
        return False
    stream = parse(name)
    if stream.kind is Kind.TO:
        return stream.node == reader
    if stream.kind is Kind.COMMUNITY:
        return stream.node == reader or f"{stream.node}/{stream.community}" in node.admitted_to
    return True


def is_shared(place: str, registry: "Registry") -> bool:
    """Whether nodes other than its home are admitted to a community."""
    return any(place in node.admitted_to for node in registry.nodes.values())


def may_begin(name: str, origin: str, registry: "Registry") -> bool:
    """As `may_write`, for a stream of which nothing is held: a node can think of communities without end, so one has a
    stream only once another node is admitted to it."""
    stream = parse(name)
    shared = stream.kind is not Kind.COMMUNITY or is_shared(f"{stream.node}/{stream.community}", registry)
    return shared and may_write(name, origin, registry)


def may_write(name: str, origin: str, registry: "Registry") -> bool:
    """Whether the registry lets this node have a stream of this name; its status is another question."""
    node = registry.node(origin)
    if node is None:
        return False
    stream = parse(name)
    if stream.kind is Kind.TO:
        return stream.node != origin and registry.node(stream.node) is not None
    if stream.kind is Kind.COMMUNITY:
        return stream.node == origin or f"{stream.node}/{stream.community}" in node.admitted_to
    return True
