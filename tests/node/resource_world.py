"""Resource at work on a socket of its own, and people who call it with passes of their own."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from fosse.common.v1 import audience_pb2
from fosse.common.v1.shareable_pb2_grpc import ShareableStub
from fosse.membership.v1.membership_pb2_grpc import add_MembershipServicer_to_server
from fosse.resource.v1 import resource_pb2 as pb
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common import passes
from services.common.access import Person
from services.common.channels import Channels, with_pass
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import Floor
from services.common.wires import Sockets
from services.resource.service import build
from services.resource.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.node.neighbours import People
from tests.unit.resource.shelves import CARE_HOMES, PDF, a_convenor, a_member, an_id
from tests.waiting import until

ANN = a_member(1)
CATH = a_convenor(90)
WORDS = pb.Words(
    title="Seven drinks rounds a day",
    summary="How to offer a drink seven times between breakfast and bedtime.",
    type="training_package",
    topics=["hydration"],
    readers=["carers"],
    evidence_level=2,
)


@dataclass
class World:
    clock: HeldClock
    floor: Floor
    resources: ResourcesStub
    federation: ShareableStub
    gateway_shareable: ShareableStub
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    people: People = field(default_factory=People)

    def as_(self, person: Person) -> tuple[tuple[str, str], ...]:
        return with_pass(passes.sign(self.key, "k", person, self.clock()))

    def create(self, number: int = 1, person: Person = ANN, **words: Any) -> pb.Resource:
        given = pb.Words()
        given.CopyFrom(WORDS)
        given.MergeFrom(pb.Words(**words))
        request = pb.CreateResourceRequest(id=an_id(100 + number), community_id=CARE_HOMES, words=given)
        return self.resources.CreateResource(request, metadata=self.as_(person)).resource

    def add_file(self, to: pb.Resource, content: bytes = PDF, person: Person = ANN, **words: Any) -> pb.Resource:
        known = {"part_id": an_id(901), "title": "Slides", "licence": "CC-BY-4.0", "file_name": "drinks.pdf"}
        first = pb.FilePartWords(resource_id=to.id, expected_version=to.version, **{**known, **words})
        chunks = (content[at : at + 65536] for at in range(0, len(content), 65536))
        requests = [pb.AddFilePartRequest(words=first), *(pb.AddFilePartRequest(chunk=chunk) for chunk in chunks)]
        return self.resources.AddFilePart(iter(requests), metadata=self.as_(person)).resource

    def publish(
        self, what: pb.Resource, audience: int = audience_pb2.AUDIENCE_REGION, person: Person = CATH, **given: Any
    ) -> pb.Resource:
        request = pb.PublishResourceRequest(id=what.id, expected_version=what.version, **given)
        request.audience = audience_pb2.Audience.ValueType(audience)
        return self.resources.PublishResource(request, metadata=self.as_(person)).resource

    def published(self, number: int = 1, audience: int = audience_pb2.AUDIENCE_REGION, **words: Any) -> pb.Resource:
        return self.publish(self.add_file(self.create(number, **words)), audience)

    def get(self, resource_id: str, person: Person | None = ANN) -> pb.GetResourceResponse:
        metadata = self.as_(person) if person else ()
        return self.resources.GetResource(pb.GetResourceRequest(id=resource_id), metadata=metadata)

    def search(self, query: str = "", person: Person | None = ANN, **filters: Any) -> list[str]:
        return [hit.id for hit in self.page(query, person, **filters).hits]

    def page(self, query: str = "", person: Person | None = ANN, **filters: Any) -> pb.SearchResourcesResponse:
        metadata = self.as_(person) if person else ()
        return self.resources.SearchResources(pb.SearchResourcesRequest(query=query, **filters), metadata=metadata)

    def found(self, resource_id: str, query: str = "", person: Person | None = ANN) -> None:
        until(lambda: resource_id in self.search(query, person), "the resource is found")

    def download(self, resource_id: str, part_id: str, person: Person | None = ANN) -> tuple[pb.Part, bytes]:
        metadata = self.as_(person) if person else ()
        request = pb.DownloadPartRequest(resource_id=resource_id, part_id=part_id)
        first, *chunks = self.resources.DownloadPart(request, metadata=metadata)
        return first.part, b"".join(each.chunk for each in chunks)


@contextmanager
def resource_alone(databases: SqliteDatabases, folder: Path, **settings: Any) -> Iterator[World]:
    clock = HeldClock()
    callers = [Channels(Sockets(folder / "run"), name) for name in ("gateway", "federation")]
    gateway, federation = callers
    stubs = (
        gateway.stub(ResourcesStub, "resource"),
        federation.stub(ShareableStub, "resource"),
        gateway.stub(ShareableStub, "resource"),
    )
    with a_floor("resource", databases, clock, folder) as floor:
        world = World(clock, floor, *stubs)
        world.people.pass_keys["k"] = urlsafe_b64decode(str(world.key.as_dict(private=False)["x"]) + "=")
        with _membership(world.people, folder / "run", clock), alone(build(floor, Settings(**settings)), floor):
            yield world
    for each in callers:
        each.close()


@contextmanager
def _membership(people: People, run_dir: Path, clock: HeldClock) -> Iterator[None]:
    add = partial(add_MembershipServicer_to_server, people)
    server = Server("membership", [add], Sockets(run_dir), PassVerifier(dict, clock), workers=2)
    server.start()
    yield
    server.stop()
