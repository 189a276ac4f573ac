"""A region without sockets: nodes as federation's use cases see them, for tests of what is stored and decided."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as shareable
from fosse.federation.v1 import door_pb2 as door
from fosse.federation.v1 import entry_pb2
from services.common.database import Database
from services.common.topics import TAKES
from services.federation.authority import spki_of_request
from services.federation.domain import sealing
from services.federation.domain.newcomer import Newcomer
from services.federation.domain.sharing import Move
from services.federation.store import items
from services.federation.store import streams as kept
from services.federation.store.to_sign import ToSign
from services.federation.this_node import ThisNode, open_node
from services.federation.usecases import enrolment, exchanging, serving, signing, standing
from services.federation.usecases.enrolment import Answer
from services.federation.usecases.exchanging import Fetched
from services.federation.usecases.signing import Prepared, Written
from tests.alone import HeldClock

SCHEMA = "fosse.shared.v1.Resource"
SCHEMAS = frozenset(TAKES)
CARE_HOMES = "c" * 32
REGION, NAMED = audience_pb2.AUDIENCE_REGION, audience_pb2.AUDIENCE_NAMED_NODES


def item_id(number: int) -> str:
    return f"{number:032x}"


@dataclass
class Region:
    """A hub, and counties that join it without a wire between them."""

    make: Callable[[str], Database]
    folder: Path
    clock: HeldClock
    hub: ThisNode

    def county(self, slug: str) -> ThisNode:
        county = a_node(self.make("federation"), self.folder / slug, self.clock, slug)
        self.admit(county)
        return county

    def admit(self, county: ThisNode) -> None:
        newcomer, secret = self.ask(county, self.code())
        enrolment.approve(self.hub, newcomer.enrolment_id, newcomer.words, "operator", self.clock())
        approved, registry = enrolment.collect(self.hub, newcomer.enrolment_id, secret)
        assert registry and self.hub.authority
        answer = Answer(approved.certificate, self.hub.authority.der, "127.0.0.1:1", registry)
        enrolment.join(county, answer, self.clock())

    def code(self) -> str:
        return enrolment.create_code(self.hub, item_id(next(_numbers)), "operator", self.clock())[0]

    def ask(self, county: ThisNode, code: str) -> tuple[Newcomer, str]:
        asking, proof = enrolment.request_of(county, code)
        return enrolment.receive(self.hub, asking, proof, self.clock())

    def publish(self, county: ThisNode) -> door.PublishResponse:
        """All that the hub lacks."""
        answer = serving.take_published(self.hub, spki_of(county), door.PublishRequest(), SCHEMAS).response
        while True:
            exchanging.note_published(county, answer)
            with county.db.read() as conn:
                batch = exchanging.next_batch(conn, county.id, {})
            answer = serving.take_published(self.hub, spki_of(county), batch.request, SCHEMAS).response
            if batch.whole:
                exchanging.note_published(county, answer)
                return answer

    def give(self, county: ThisNode, limit: int = 500) -> door.FetchResponse:
        """What the hub answers to a county's cursors."""
        with county.db.read() as conn:
            cursors = exchanging.what_we_hold(conn, county.id)
            version = exchanging.registry_version(conn)
        request = door.FetchRequest(cursors=cursors, registry_version=version, limit=limit)
        return serving.give_entries(self.hub, spki_of(county), request)

    def fetch(self, county: ThisNode, limit: int = 500) -> Fetched:
        return exchanging.take_fetched(county, self.give(county, limit), SCHEMAS)


def a_region(make: Callable[[str], Database], folder: Path) -> Region:
    clock = HeldClock()
    hub = a_node(make("federation"), folder / "hub", clock, "hub", hub=True)
    return Region(make, folder, clock, hub)


def a_node(db: Database, folder: Path, clock: HeldClock, slug: str, *, hub: bool = False) -> ThisNode:
    node = open_node(db, clock, folder, slug=slug, name=slug.title(), hub=hub)
    standing.begin(node)
    return node


def spki_of(node: ThisNode) -> bytes:
    return spki_of_request(node.keys.certificate_request())


def a_shared(
    item: int, version: int, audience: int = REGION, *, nodes: Sequence[str] = (), body: bytes = b"a body"
) -> shareable.ReadSharedResponse:
    """What a service says of its item."""
    shared = shareable.ReadSharedResponse(
        item_id=item_id(item), version=version, community_id=CARE_HOMES, node_ids=nodes, schema=SCHEMA, body=body
    )
    shared.audience = audience_pb2.Audience.ValueType(audience)
    return shared


def withdrawn(item: int, version: int) -> shareable.ReadSharedResponse:
    return shareable.ReadSharedResponse(item_id=item_id(item), version=version, community_id=CARE_HOMES, withdrawn=True)


def share(node: ThisNode, shared: shareable.ReadSharedResponse, files: Sequence[shareable.FileRef] = ()) -> list[Move]:
    """Signs what must be said of the item; returns what that was."""
    registry = signing.region(node)
    with node.db.read() as conn:
        placed = items.placements(conn, shared.item_id)
    moves = signing.plan(registry, node.id, shared, placed)
    written = {move.stream: _written(node, move, shared, files) for move in moves}
    asked = ToSign(shared.item_id, "resource", shared.version)
    for sha256 in signing.sign(node, [Prepared(asked, shared, moves, written)], node.clock()):
        node.relay.drop(sha256)
    return list(moves)


def seq_of(node: ThisNode, origin: ThisNode, stream: str = "region") -> int:
    """How far a node holds another's stream."""
    with node.db.read() as conn:
        copies = kept.copies(conn, [(origin.id, stream)])
    return copies[origin.id, stream].position.seq if copies else 0


def alarm_of(node: ThisNode, origin: ThisNode, stream: str = "region") -> str:
    with node.db.read() as conn:
        copies = kept.copies(conn, [(origin.id, stream)])
    return copies[origin.id, stream].alarm if copies else ""


def _written(
    node: ThisNode, move: Move, shared: shareable.ReadSharedResponse, files: Sequence[shareable.FileRef]
) -> Written:
    if not move.stream.startswith("to:"):
        return Written(shared.body, tuple(files))
    receiver = signing.receiver(signing.region(node), move.stream)
    inside = entry_pb2.SealedBody(body=shared.body, node=node.id, item=shared.item_id)
    return Written(sealing.seal_body(inside, receiver.sealing_key))


_numbers = iter(range(1, 1_000_000))
