"""The hub's signed list of nodes: who takes part, with which keys, and who may read what."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

from google.protobuf.message import DecodeError
from google.protobuf.timestamp_pb2 import Timestamp

from fosse.federation.v1 import entry_pb2
from services.federation.domain import streams
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.signing import Signer, key_id_of, node_id_of, signature_holds

TAG = "fosse/registry/1"
PROTOCOL = 1
LIFETIME = timedelta(days=90)
# Clocks are wrong: what the hub signs is valid from two days before it says so.
CLOCK_SLACK = timedelta(hours=48)
LARGEST_BYTES = 4 * 1024 * 1024
KEY_BYTES = 32

Instant = tuple[int, int]


@dataclass(frozen=True)
class KnownKey:
    public_key: bytes
    valid_from: Instant
    valid_to: Instant | None = None

    def valid_at(self, instant: Instant) -> bool:
        return self.valid_from <= instant and (self.valid_to is None or instant < self.valid_to)


@dataclass(frozen=True)
class Limits:
    entry_bytes: int = 256 * 1024
    file_bytes: int = 50 * 1024 * 1024
    entries_a_day: int = 100_000


@dataclass(frozen=True)
class KnownNode:
    """One node as the registry in force describes it."""

    id: str
    slug: str
    name: str
    hub: bool
    status: entry_pb2.NodeStatus.ValueType
    keys: Mapping[str, KnownKey]
    sealing_key: bytes
    certificate_spki: bytes
    admitted_to: frozenset[str]
    limits: Limits
    left_at: datetime | None = None

    @property
    def has_left(self) -> bool:
        return self.status == entry_pb2.NODE_STATUS_LEFT

    @property
    def may_read(self) -> bool:
        return self.status in (entry_pb2.NODE_STATUS_ACTIVE, entry_pb2.NODE_STATUS_MUTED)

    @property
    def may_publish(self) -> bool:
        return self.status == entry_pb2.NODE_STATUS_ACTIVE

    @property
    def items_are_shown(self) -> bool:
        """Items of a muted node, and of one that left, stay; those of a suspended or expelled one vanish elsewhere."""
        return self.may_read or self.has_left

    def signing_problem(self, key_id: str, now: datetime) -> str | None:
        """Why an entry signed now would be refused everywhere: ask before signing, for it cannot be undone."""
        key = self.keys.get(key_id)
        if key is None:
            return "The hub's list of nodes does not know this node's signing key."
        if not key.valid_at(instant_of(now)):
            return (
                f"This machine's clock says {now:%d %B %Y %H:%M}, when its signing key was not valid. Nothing is lost: "
                "set the clock right, and what waits is shared."
            )
        return None


@dataclass(frozen=True)
class Registry:
    """A registry document that was verified."""

    hub: str
    version: int
    issued_at: datetime
    expires_at: datetime
    minimum_protocol: int
    nodes: Mapping[str, KnownNode] = field(default_factory=dict)

    def node(self, node_id: str) -> KnownNode | None:
        return self.nodes.get(node_id)

    def expired(self, now: datetime) -> bool:
        return now >= self.expires_at

    @cached_property
    def hub_keys(self) -> Mapping[str, bytes]:
        """Who may sign the next registry: pin these."""
        return {key_id: key.public_key for key_id, key in self.nodes[self.hub].keys.items() if key.valid_to is None}

    def reads(self, node_id: str) -> tuple[str, ...]:
        """Names of the streams, of whatever origin, that this node may read."""
        node = self.node(node_id)
        if node is None or not node.may_read:
            return ()
        mine = {place for each in self.nodes.values() for place in each.admitted_to if place.startswith(node_id)}
        shared = (streams.of_community(*place.split("/", 1)) for place in sorted(mine | node.admitted_to))
        return (streams.REGION, streams.NATION, streams.PUBLIC, streams.to_node(node_id), *shared)

    def node_of_certificate(self, spki: bytes) -> KnownNode | None:
        """The node that calls with this certificate (SHA-256 of its public key); compared on every call."""
        return next((node for node in self.nodes.values() if node.certificate_spki == spki), None)


def instant_of(moment: datetime) -> Instant:
    return int(moment.timestamp() // 1), moment.microsecond * 1000


def timestamp_of(moment: datetime) -> Timestamp:
    seconds, nanos = instant_of(moment)
    return Timestamp(seconds=seconds, nanos=nanos)


def signing_key(public_key: bytes, admitted_at: datetime) -> entry_pb2.SigningKey:
    """A newcomer's key: valid from a little before, for a county whose clock is behind."""
    return entry_pb2.SigningKey(
        key_id=key_id_of(public_key), public_key=public_key, valid_from=timestamp_of(admitted_at - CLOCK_SLACK)
    )


def quota(limits: Limits) -> entry_pb2.Quota:
    return entry_pb2.Quota(
        entry_bytes=limits.entry_bytes, file_bytes=limits.file_bytes, entries_a_day=limits.entries_a_day
    )


def sign_registry(
    signer: Signer, nodes: Iterable[entry_pb2.RegisteredNode], *, version: int, now: datetime
) -> entry_pb2.SignedRegistry:
    document = entry_pb2.RegistryDocument(
        tag=TAG,
        hub=signer.node,
        version=version,
        issued_at=timestamp_of(now),
        expires_at=timestamp_of(now + LIFETIME),
        nodes=sorted(nodes, key=lambda node: node.id),
        minimum_protocol=PROTOCOL,
        key_id=signer.key_id,
    ).SerializeToString(deterministic=True)
    return entry_pb2.SignedRegistry(document=document, signature=signer.sign(document))


def self_certified(signed: entry_pb2.SignedRegistry) -> tuple[str, Mapping[str, bytes]]:
    """On first contact: the hub's id and the key that this id is the hash of. Pin both, then verify."""
    document = _parsed(signed)
    for node in document.nodes:
        for key in node.signing_keys:
            if node.id == document.hub == node_id_of(key.public_key):
                return document.hub, {key.key_id: key.public_key}
    raise _refused("the hub's own first key is not in it")


def verify_registry(
    signed: entry_pb2.SignedRegistry, *, hub: str, hub_keys: Mapping[str, bytes], seen_version: int = 0
) -> Registry:
    """Raises Forged unless the pinned hub signed it and it is no older than the newest seen. Expiry is the reader's."""
    document = _parsed(signed)
    public_key = hub_keys.get(document.key_id)
    if document.hub != hub or public_key is None:
        raise Forged(Fault.KEY, "This list of nodes is not of our hub, or signed with a key that we do not know.")
    if not signature_holds(public_key, signed.document, signed.signature):
        raise Forged(Fault.SIGNATURE, "The hub's signature under this list of nodes is not valid.")
    if document.version < max(seen_version, 1):
        raise _refused(f"it has version {document.version}, and we have seen {seen_version}")
    nodes = {node.id: _known(node) for node in document.nodes}
    if len(nodes) != len(document.nodes) or len({node.slug for node in nodes.values()}) != len(nodes):
        raise _refused("a node stands in it twice")
    if hub not in nodes or [node.id for node in nodes.values() if node.hub] != [hub]:
        raise _refused("the hub is not in it, or more than one is")
    return Registry(
        hub,
        document.version,
        document.issued_at.ToDatetime(tzinfo=UTC),
        document.expires_at.ToDatetime(tzinfo=UTC),
        document.minimum_protocol,
        nodes,
    )


def _parsed(signed: entry_pb2.SignedRegistry) -> entry_pb2.RegistryDocument:
    # Unknown fields are allowed here, unlike in an entry: a newer hub may say more about its nodes than we read.
    if len(signed.document) > LARGEST_BYTES:
        raise _refused("it is too large")
    try:
        document = entry_pb2.RegistryDocument.FromString(signed.document)
    except DecodeError:
        raise _refused("it cannot be read") from None
    if document.tag != TAG:
        raise _refused("it says that it is something else")
    return document


def _known(node: entry_pb2.RegisteredNode) -> KnownNode:
    keys = {key.key_id: _known_key(key) for key in node.signing_keys}
    if not streams.NODE_ID.match(node.id) or node.id not in {node_id_of(key.public_key) for key in keys.values()}:
        raise _refused("a node's id is not the hash of its first key")
    if len(keys) != len(node.signing_keys) or len(node.sealing_key) != KEY_BYTES:
        raise _refused("a node's keys are not in order")
    if not all(streams.is_community(place) for place in node.admitted_to):
        raise _refused("a community's name is not in order")
    return KnownNode(
        node.id,
        node.slug,
        node.name,
        node.hub,
        node.status,
        keys,
        node.sealing_key,
        node.certificate_spki,
        frozenset(node.admitted_to),
        _limits(node.quota),
        node.left_at.ToDatetime(UTC) if node.HasField("left_at") else None,
    )


def _known_key(key: entry_pb2.SigningKey) -> KnownKey:
    if len(key.public_key) != KEY_BYTES or key.key_id != key_id_of(key.public_key):
        raise _refused("a key's id is not of that key")
    valid_to = (key.valid_to.seconds, key.valid_to.nanos) if key.HasField("valid_to") else None
    return KnownKey(key.public_key, (key.valid_from.seconds, key.valid_from.nanos), valid_to)


def _limits(said: entry_pb2.Quota) -> Limits:
    default = Limits()
    return Limits(
        said.entry_bytes or default.entry_bytes,
        said.file_bytes or default.file_bytes,
        said.entries_a_day or default.entries_a_day,
    )


def _refused(why: str) -> Forged:
    return Forged(Fault.REGISTRY, f"The hub's list of nodes is not taken: {why}.")
