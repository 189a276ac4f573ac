"""The services that notification asks, as far as it asks them, answering what a test told them."""

from typing import Any

from fosse.federation.v1 import federation_pb2, federation_pb2_grpc
from fosse.membership.v1 import membership_pb2, membership_pb2_grpc
from fosse.resource.v1 import resource_pb2, resource_pb2_grpc
from services.common.errors import NotFound, Refusal


class Shelf(resource_pb2_grpc.ResourcesServicer):
    def __init__(self) -> None:
        self.adoptions: dict[str, resource_pb2.DescribeAdoptionResponse] = {}
        self.refuses: Refusal | None = None

    def DescribeAdoption(
        self, request: resource_pb2.DescribeAdoptionRequest, context: Any
    ) -> resource_pb2.DescribeAdoptionResponse:
        if self.refuses:
            raise self.refuses
        if request.adoption_id not in self.adoptions:
            raise NotFound("There is no such adoption.")
        return self.adoptions[request.adoption_id]


class Region(federation_pb2_grpc.FederationServicer):
    def __init__(self) -> None:
        self.nodes = [
            federation_pb2.NodeCard(node_id="a" * 64, slug="notts", name="Nottinghamshire", self=True),
            federation_pb2.NodeCard(node_id="b" * 64, slug="derbys", name="Derbyshire"),
        ]

    def ListNodes(self, request: federation_pb2.ListNodesRequest, context: Any) -> federation_pb2.ListNodesResponse:
        return federation_pb2.ListNodesResponse(nodes=self.nodes)


class People(membership_pb2_grpc.MembershipServicer):
    """Knows addresses, and gives out the keys of passes that a test signs."""

    def __init__(self) -> None:
        self.contacts: dict[str, membership_pb2.Contact] = {}
        self.asked_for_contacts = 0
        self.pass_keys: dict[str, bytes] = {}

    def know(self, member_id: str, name: str, email: str) -> None:
        self.contacts[member_id] = membership_pb2.Contact(member_id=member_id, name=name, email=email)

    def Contacts(self, request: membership_pb2.ContactsRequest, context: Any) -> membership_pb2.ContactsResponse:
        self.asked_for_contacts += 1
        found = [self.contacts[each] for each in request.member_ids if each in self.contacts]
        return membership_pb2.ContactsResponse(contacts=found)

    def PassKeys(self, request: membership_pb2.PassKeysRequest, context: Any) -> membership_pb2.PassKeysResponse:
        keys = [membership_pb2.PassKey(kid=kid, public_key=raw) for kid, raw in self.pass_keys.items()]
        return membership_pb2.PassKeysResponse(keys=keys)
