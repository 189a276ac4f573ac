"""What notification hears: somebody uses a resource of this node."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from fosse.federation.v1 import federation_pb2
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from fosse.resource.v1 import resource_pb2
from fosse.resource.v1.facts_pb2 import ResourceAdopted
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common.bus import Consumer, Message
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.errors import NotFound
from services.common.topics import RESOURCE, kind
from services.notification import messages, usecases
from services.notification.domain import Adopted

NAME = "notification"
Told = Mapping[str, Adopted]


class Hearing:
    """Asks resource and federation before the bus's transaction, then queues within it."""

    def __init__(self, channels: Channels, clock: Clock) -> None:
        self._channels = channels
        self._clock = clock

    def consumer(self) -> Consumer:
        return Consumer(NAME, (RESOURCE.name,), {kind(ResourceAdopted): self.resource_adopted}, self.prepare)

    def prepare(self, found: Sequence[Message]) -> Told:
        """The adoptions of this node's own resources, by id; those that are gone meanwhile are left out."""
        ids = {fact.adoption_id for fact in (message.as_(ResourceAdopted) for message in found) if fact.own}
        if not ids:
            return {}
        federation = self._channels.stub(FederationStub, "federation")
        nodes = federation.ListNodes(federation_pb2.ListNodesRequest()).nodes
        described = {adoption_id: self._described(adoption_id) for adoption_id in sorted(ids)}
        return {
            adoption_id: messages.adopted_in(told, nodes) for adoption_id, told in described.items() if told is not None
        }

    def resource_adopted(self, conn: Connection, message: Message, told: Told) -> None:
        adopted = told.get(message.as_(ResourceAdopted).adoption_id)
        if adopted is not None:
            usecases.tell_authors(conn, adopted, self._clock())

    def _described(self, adoption_id: str) -> resource_pb2.DescribeAdoptionResponse | None:
        resource = self._channels.stub(ResourcesStub, "resource")
        try:
            return resource.DescribeAdoption(resource_pb2.DescribeAdoptionRequest(adoption_id=adoption_id))
        except NotFound:
            return None
