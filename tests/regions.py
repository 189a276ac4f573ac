"""Builders of a region for tests of federation's pure core: nodes with keys from names, and what they sign."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from nacl.public import PrivateKey
from nacl.signing import SigningKey

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import registry
from services.federation.domain.chain import Position
from services.federation.domain.entries import Step, make_entry, position_of
from services.federation.domain.heads import make_head
from services.federation.domain.intake import Reader
from services.federation.domain.registry import KnownNode, Registry
from services.federation.domain.signing import Signer

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)
RESOURCE = "fosse.shared.v1.Resource"
SLUGS = ("hub", "notts", "derbys", "leics")


def seed_of(name: str) -> bytes:
    """The seed of a sample key, which `services.federation.keys` refuses in real nodes."""
    return sha256(f"fosse sample key {name}".encode()).digest()


def signer_of(name: str) -> Signer:
    return Signer.of(SigningKey(seed_of(name)))


def sealing_of(name: str) -> PrivateKey:
    return PrivateKey(seed_of(name))


def id_of(what: object) -> str:
    """An id of an item or community from anything readable."""
    return sha256(str(what).encode()).hexdigest()[:32]


COMMUNITY = id_of("care homes")


def a_registered_node(
    slug: str, *, status: entry_pb2.NodeStatus.ValueType = entry_pb2.NODE_STATUS_ACTIVE, admitted_to: Iterable[str] = ()
) -> entry_pb2.RegisteredNode:
    signer = signer_of(slug)
    return entry_pb2.RegisteredNode(
        id=signer.node,
        slug=slug,
        name=slug.title(),
        hub=slug == "hub",
        status=status,
        signing_keys=[registry.signing_key(signer.public_key, NOW - timedelta(days=30))],
        sealing_key=bytes(sealing_of(slug).public_key),
        certificate_spki=sha256(slug.encode()).digest(),
        admitted_to=admitted_to,
        quota=registry.quota(registry.Limits()),
        joined_at=registry.timestamp_of(NOW - timedelta(days=30)),
    )


def a_registry(
    nodes: Iterable[entry_pb2.RegisteredNode] | None = None, *, version: int = 1, now: datetime = NOW
) -> Registry:
    signed = registry.sign_registry(
        signer_of("hub"), nodes or [a_registered_node(slug) for slug in SLUGS], version=version, now=now
    )
    hub, keys = registry.self_certified(signed)
    return registry.verify_registry(signed, hub=hub, hub_keys=keys)


def a_reader(slug: str = "derbys", known: Registry | None = None, *, publisher: str | None = None) -> Reader:
    return Reader(signer_of(slug).node, known or a_registry(), NOW, publisher=publisher)


def the_node(slug: str, known: Registry | None = None) -> KnownNode:
    return (known or a_registry()).nodes[signer_of(slug).node]


@dataclass
class Diary:
    """One stream of one node, signed as it goes on."""

    slug: str
    stream: str = "region"
    epoch: int = 0x1122334455667788
    entries: list[entry_pb2.Entry] = field(default_factory=list)

    @property
    def signer(self) -> Signer:
        return signer_of(self.slug)

    @property
    def position(self) -> Position:
        return position_of(self.entries[-1]) if self.entries else Position.start(self.epoch)

    def put(self, item: object, version: int = 1, *, body: bytes = b"a leaflet") -> entry_pb2.Entry:
        return self.write(Step(self.stream, COMMUNITY, id_of(item), version, schema=RESOURCE, body=body))

    def withdraw(self, item: object, version: int = 1) -> entry_pb2.Entry:
        withdraw = shareable_pb2.OPERATION_WITHDRAW
        return self.write(Step(self.stream, COMMUNITY, id_of(item), version, operation=withdraw))

    def write(self, step: Step, *, time: datetime = NOW) -> entry_pb2.Entry:
        salt = sha256(f"{self.slug} {self.stream} {self.epoch} {len(self.entries)}".encode()).digest()
        self.entries.append(make_entry(self.signer, step, position=self.position, salt=salt, time=time))
        return self.entries[-1]

    def head(self, *, live_items: int = 0, time: datetime = NOW) -> entry_pb2.SignedHead:
        return make_head(self.signer, self.stream, position=self.position, live_items=live_items, time=time)


def a_history(slug: str, stream: str, rng: random.Random, *, length: int, items: int = 5) -> Diary:
    """An honest node's stream: puts with growing versions, and withdrawals."""
    diary = Diary(slug, stream)
    versions: dict[str, int] = {}
    for _ in range(length):
        item = f"{slug} {stream} item {rng.randrange(items)}"
        versions[item] = versions.get(item, 0) + 1
        if versions[item] > 1 and rng.random() < 0.3:
            diary.withdraw(item, versions[item] - 1)
        else:
            diary.put(item, versions[item])
    return diary


def signed_again(entry: entry_pb2.Entry, signer: Signer, **changes: object) -> entry_pb2.Entry:
    """The entry with other fields in its header, signed by this key: what only its holder could make."""
    header = entry_pb2.EntryHeader.FromString(entry.header)
    for name, value in changes.items():
        setattr(header, name, value)
    return signed_bytes(header.SerializeToString(deterministic=True), signer, entry.content)


def signed_bytes(header: bytes, signer: Signer, content: bytes) -> entry_pb2.Entry:
    return entry_pb2.Entry(header=header, signature=signer.sign(header), content=content)


def with_flipped_bit(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]
