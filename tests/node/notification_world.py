"""Notification at work among its neighbours, and what a test needs to say and see."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from google.protobuf.message import Message as Proto
from joserfc.jwk import OKPKey

from fosse.events.v1.events_pb2_grpc import add_MeetingsServicer_to_server
from fosse.events.v1.minutes_pb2_grpc import add_MinutesServicer_to_server
from fosse.federation.v1.federation_pb2_grpc import add_FederationServicer_to_server
from fosse.membership.v1.directory_pb2_grpc import add_DirectoryServicer_to_server
from fosse.membership.v1.links_pb2_grpc import add_LinksServicer_to_server
from fosse.membership.v1.membership_pb2_grpc import add_MembershipServicer_to_server
from fosse.notification.v1 import notification_pb2 as pb
from fosse.notification.v1.notification_pb2_grpc import NotificationStub
from fosse.resource.v1.facts_pb2 import ResourceAdopted
from fosse.resource.v1.resource_pb2 import Adoption, DescribeAdoptionResponse
from fosse.resource.v1.resource_pb2_grpc import add_ResourcesServicer_to_server
from services.common import facts, passes
from services.common.access import Person, Role
from services.common.channels import Channels, with_pass
from services.common.database import Database
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import Floor
from services.common.wires import Sockets
from services.notification.service import build
from services.notification.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases, open_database
from tests.node.month_neighbours import Directory, Links, Meetings, Minutes
from tests.node.neighbours import People, Region, Shelf
from tests.unit.membership.people import CARE_HOMES, an_id

ANN, BEN = an_id(1), an_id(2)
RESOURCE = an_id(50)
DERBYSHIRE = "b" * 64


@dataclass
class World:
    clock: HeldClock
    floor: Floor
    said: Database
    # What events says.
    meetings_said: Database
    pulses_said: Database
    gateway: NotificationStub
    shelf: Shelf = field(default_factory=Shelf)
    region: Region = field(default_factory=Region)
    people: People = field(default_factory=People)
    meetings: Meetings = field(default_factory=Meetings)
    minutes: Minutes = field(default_factory=Minutes)
    directory: Directory = field(default_factory=Directory)
    links: Links = field(default_factory=Links)
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))

    def adopted(self, number: int = 1, *, authors: tuple[str, ...] = (ANN,), own: bool = True, **given: Any) -> str:
        """Resource says that somebody in Derbyshire uses a leaflet; returns the adoption's id."""
        told = {"id": an_id(1000 + number), "resource_id": RESOURCE, "stage": "adopted", "node_id": DERBYSHIRE}
        adopter = given.pop("adopter", "")
        adoption = Adoption(**{**told, **given})
        self.shelf.adoptions[adoption.id] = DescribeAdoptionResponse(
            adoption=adoption,
            resource_title="Drinking enough",
            author_member_ids=authors,
            adopter_member_id=adopter,
        )
        self.say(adoption.id, own=own)
        return adoption.id

    def say(self, adoption_id: str, *, own: bool = True) -> None:
        fact = ResourceAdopted(adoption_id=adoption_id, resource_id=RESOURCE, stage="adopted", version=1, own=own)
        with self.said.write() as conn:
            facts.put(conn, fact, adoption_id, self.clock())

    def say_of_meeting(self, fact: Proto, key: str) -> None:
        with self.meetings_said.write() as conn:
            facts.put(conn, fact, key, self.clock())

    def say_of_pulse(self, fact: Proto, key: str) -> None:
        with self.pulses_said.write() as conn:
            facts.put(conn, fact, key, self.clock())

    def as_person(
        self, member_id: str, *, operator: bool = False, convenor: bool = False
    ) -> tuple[tuple[str, str], ...]:
        more = {int(Role.ROLE_CONVENOR)} if convenor else set[int]()
        roles = {CARE_HOMES: frozenset({int(Role.ROLE_MEMBER), *more})}
        person = Person(member_id, roles=roles, operator=operator)
        return with_pass(passes.sign(self.key, "k", person, self.clock()))

    def deliveries(self, member_id: str = ANN, *, operator: bool = False) -> list[pb.Delivery]:
        metadata = self.as_person(member_id, operator=operator)
        return list(self.gateway.ListDeliveries(pb.ListDeliveriesRequest(), metadata=metadata).deliveries)

    def states(self) -> list[int]:
        return [each.state for each in self.deliveries(an_id(99), operator=True)]


@contextmanager
def notification_among_neighbours(databases: SqliteDatabases, folder: Path, settings: Settings) -> Iterator[World]:
    clock = HeldClock()
    said, meetings_said, pulses_said = (open_database(databases, "notification") for _ in range(3))
    sources = {"fosse.resource": said, "fosse.events": meetings_said, "fosse.evaluation": pulses_said}
    caller = Channels(Sockets(folder / "run"), "gateway")
    with a_floor("notification", databases, clock, folder) as floor:
        world = World(clock, floor, said, meetings_said, pulses_said, caller.stub(NotificationStub, "notification"))
        world.people.pass_keys["k"] = _raw(world.key)
        with _neighbours(world, folder / "run"), alone(build(floor, settings), floor, sources):
            yield world
    caller.close()
    for database in sources.values():
        database.dispose()


@contextmanager
def _neighbours(world: World, run_dir: Path) -> Iterator[None]:
    add = {
        "resource": [partial(add_ResourcesServicer_to_server, world.shelf)],
        "federation": [partial(add_FederationServicer_to_server, world.region)],
        "events": [
            partial(add_MeetingsServicer_to_server, world.meetings),
            partial(add_MinutesServicer_to_server, world.minutes),
        ],
        "membership": [
            partial(add_MembershipServicer_to_server, world.people),
            partial(add_DirectoryServicer_to_server, world.directory),
            partial(add_LinksServicer_to_server, world.links),
        ],
    }
    nobody = PassVerifier(dict, world.clock)
    servers = [Server(name, each, Sockets(run_dir), nobody, workers=2) for name, each in add.items()]
    for server in servers:
        server.start()
    yield
    for server in servers:
        server.stop()


def _raw(key: OKPKey) -> bytes:
    return urlsafe_b64decode(str(key.as_dict(private=False)["x"]) + "=")
