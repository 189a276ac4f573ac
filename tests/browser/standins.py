"""Services that hold what a test gives them, on real sockets behind the real floor: for rare states of pages."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import grpc
from joserfc.jwk import OKPKey

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.federation.v1 import federation_pb2 as federation
from fosse.federation.v1 import federation_pb2_grpc
from fosse.membership.v1 import membership_pb2 as membership
from fosse.membership.v1 import membership_pb2_grpc
from fosse.notification.v1 import notification_pb2 as notification
from fosse.notification.v1 import notification_pb2_grpc
from fosse.resource.v1 import resource_pb2 as resource
from fosse.resource.v1 import resource_pb2_grpc
from services.common.access import Person
from services.common.errors import NotAllowed, NotFound, Refusal
from services.common.passes import LIFETIME, PassVerifier, sign
from services.common.rpc import Server
from tests.browser import world

PRIYA = Person(
    member_id=world.id_of("priya"),
    organisation_id=world.id_of("trentside"),
    organisation_name="Trentside Community Health",
    shown_as="Priya Raman",
    roles={world.COMMUNITY.id: frozenset({ROLE_MEMBER, ROLE_CONVENOR})},
    localities=("04N",),
)
OPERATOR = replace(PRIYA, shown_as="Olu Adeyemi", operator=True)


@dataclass
class Shelf:
    """What the services answer. A test changes it; a refusal in `refuse` is raised by the rpc of that name."""

    resources: dict[str, resource.Resource] = field(default_factory=dict)
    adoptions: list[resource.Adoption] = field(default_factory=list)
    drafts: list[resource.Resource] = field(default_factory=list)
    next_page: str = ""
    status: federation.GetFederationStatusResponse = field(default_factory=world.a_status)
    quarantined: list[federation.Quarantined] = field(default_factory=list)
    provenance: federation.GetProvenanceResponse | None = None
    mails: list[notification.GetMailResponse] = field(default_factory=list)
    people: dict[str, Person] = field(default_factory=lambda: {"priya": PRIYA})
    refuse: dict[str, Refusal] = field(default_factory=dict)
    asked: list[Any] = field(default_factory=list)

    def put(self, *items: resource.Resource) -> resource.Resource:
        self.resources.update({item.id: item for item in items})
        return items[0]

    def hear(self, request: Any) -> None:
        self.asked.append(request)
        name = type(request).__name__.removesuffix("Request")
        if name in self.refuse:
            raise self.refuse[name]

    def one(self, resource_id: str) -> resource.Resource:
        if resource_id not in self.resources:
            raise NotFound("There is no such resource here, or it is not shared with you.")
        return self.resources[resource_id]


class Node:
    """Four servers, each of which can go away by itself."""

    def __init__(self, run_dir: Path, shelf: Shelf) -> None:
        self.run_dir = run_dir
        self.shelf = shelf
        self._key = OKPKey.generate_key("Ed25519")
        self._running: dict[str, Server] = {}

    def __enter__(self) -> Self:
        for name in _SERVICES:
            self.start(name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._running):
            self.stop(name)

    def start(self, name: str) -> None:
        add, make = _SERVICES[name]
        verifier = PassVerifier(lambda: {"k1": self.public_key}, world.clock)
        adding = lambda server: add(make(self), server)  # noqa: E731 (the floor wants a function of one server)
        self._running[name] = Server([adding], f"unix:{self.run_dir / name}.sock", verifier, workers=4)
        self._running[name].start()

    def stop(self, name: str) -> None:
        self._running.pop(name).stop(0)

    @property
    def public_key(self) -> bytes:
        return bytes(self._key.raw_value.public_key().public_bytes_raw())  # type: ignore[union-attr]  # an Ed25519 pair

    def pass_for(self, who: str) -> str:
        if who not in self.shelf.people:
            raise NotAllowed("Nobody has invited this sign-in yet.")
        return sign(self._key, "k1", self.shelf.people[who], world.clock())


class _Membership(membership_pb2_grpc.MembershipServicer):
    def __init__(self, node: Node) -> None:
        self._node = node

    def IssuePass(self, request: membership.IssuePassRequest, context: Any) -> membership.IssuePassResponse:
        made = membership.IssuePassResponse(expires_at=world.at(world.clock() + LIFETIME))
        setattr(made, "pass", self._node.pass_for(request.access_token))
        return made

    def PassKeys(self, request: membership.PassKeysRequest, context: Any) -> membership.PassKeysResponse:
        return membership.PassKeysResponse(keys=[membership.PassKey(kid="k1", public_key=self._node.public_key)])

    def ListCommunities(self, request: Any, context: Any) -> membership.ListCommunitiesResponse:
        return membership.ListCommunitiesResponse(communities=[world.COMMUNITY])

    def ListLocalities(self, request: Any, context: Any) -> membership.ListLocalitiesResponse:
        return membership.ListLocalitiesResponse(localities=world.LOCALITIES)


class _Resources(resource_pb2_grpc.ResourcesServicer):
    def __init__(self, node: Node) -> None:
        self._shelf = node.shelf

    def GetVocabulary(self, request: Any, context: Any) -> resource.GetVocabularyResponse:
        return world.vocabulary()

    def GetResource(self, request: Any, context: Any) -> resource.GetResourceResponse:
        self._shelf.hear(request)
        return resource.GetResourceResponse(resource=self._shelf.one(request.id), adoptions=self._shelf.adoptions)

    def SearchResources(self, request: Any, context: Any) -> resource.SearchResourcesResponse:
        self._shelf.hear(request)
        found = [
            one
            for one in self._shelf.resources.values()
            if one.editions and request.query.lower() in one.words.title.lower()
        ]
        return resource.SearchResourcesResponse(
            hits=[world.a_hit(one) for one in found], total=len(found), next_page_token=self._shelf.next_page
        )

    def ListDrafts(self, request: Any, context: Any) -> resource.ListDraftsResponse:
        self._shelf.hear(request)
        return resource.ListDraftsResponse(resources=self._shelf.drafts)

    def CreateResource(self, request: Any, context: Any) -> resource.CreateResourceResponse:
        self._shelf.hear(request)
        made = world.a_draft()
        made.id = request.id
        made.words.CopyFrom(request.words)
        return resource.CreateResourceResponse(resource=self._shelf.put(made))

    def UpdateResource(self, request: Any, context: Any) -> resource.UpdateResourceResponse:
        self._shelf.hear(request)
        self._shelf.one(request.id).words.CopyFrom(request.words)
        return resource.UpdateResourceResponse(resource=self._shelf.one(request.id))

    def AddFilePart(self, requests: Iterator[Any], context: Any) -> resource.AddFilePartResponse:
        words = next(requests).words
        self._shelf.hear(words)
        size = sum(len(one.chunk) for one in requests)
        part = world.a_file(words.title or words.file_name, licence=words.licence)
        part.size = size
        self._shelf.one(words.resource_id).draft.parts.append(part)
        return resource.AddFilePartResponse(resource=self._shelf.one(words.resource_id))

    def AddLinkPart(self, request: Any, context: Any) -> resource.AddLinkPartResponse:
        self._shelf.hear(request)
        part = resource.Part(
            id=request.part_id, title=request.title, licence=request.licence, link=request.link, here=True
        )
        self._shelf.one(request.resource_id).draft.parts.append(part)
        return resource.AddLinkPartResponse(resource=self._shelf.one(request.resource_id))

    def RemovePart(self, request: Any, context: Any) -> resource.RemovePartResponse:
        self._shelf.hear(request)
        parts = self._shelf.one(request.resource_id).draft.parts
        parts.remove(next(part for part in parts if part.id == request.part_id))
        return resource.RemovePartResponse(resource=self._shelf.one(request.resource_id))

    def StartEdition(self, request: Any, context: Any) -> resource.StartEditionResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.draft.CopyFrom(resource.Edition(number=len(one.editions) + 1, parts=one.editions[-1].parts))
        return resource.StartEditionResponse(resource=one)

    def PublishResource(self, request: Any, context: Any) -> resource.PublishResourceResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.CopyFrom(world.a_resource(one.words.title, words=one.words, audience=request.audience))
        one.id = request.id
        return resource.PublishResourceResponse(resource=one)

    def WithdrawResource(self, request: Any, context: Any) -> resource.WithdrawResourceResponse:
        self._shelf.hear(request)
        one = self._shelf.one(request.id)
        one.state, one.withdrawn_because = 3, request.reason  # type: ignore[assignment]  # the number of WITHDRAWN
        return resource.WithdrawResourceResponse(resource=one)

    def AdoptResource(self, request: Any, context: Any) -> resource.AdoptResourceResponse:
        self._shelf.hear(request)
        said = world.an_adoption("mine", stage=request.stage, locality=request.locality, mine=True)
        self._shelf.adoptions.append(said)
        return resource.AdoptResourceResponse(adoption=said)


class _Federation(federation_pb2_grpc.FederationServicer):
    def __init__(self, node: Node) -> None:
        self._shelf = node.shelf

    def ListNodes(self, request: Any, context: Any) -> federation.ListNodesResponse:
        return federation.ListNodesResponse(nodes=world.NODES)

    def GetFederationStatus(self, request: Any, context: Any) -> federation.GetFederationStatusResponse:
        self._shelf.hear(request)
        return self._shelf.status

    def GetProvenance(self, request: Any, context: Any) -> federation.GetProvenanceResponse:
        self._shelf.hear(request)
        if self._shelf.provenance is None:
            raise NotFound("Nothing of this came from another node.")
        return self._shelf.provenance

    def PreviewReaders(self, request: Any, context: Any) -> federation.PreviewReadersResponse:
        self._shelf.hear(request)
        counties = [one for one in world.NODES if not one.hub and not one.self]
        seen = (
            [one for one in counties if not request.node_ids or one.node_id in request.node_ids]
            if request.audience > 2
            else []
        )
        sentence = f"Visible to {len(seen)} other counties, never public." if seen else "It never leaves this node."
        return federation.PreviewReadersResponse(nodes=seen, sentence=sentence)

    def ListQuarantine(self, request: Any, context: Any) -> federation.ListQuarantineResponse:
        self._shelf.hear(request)
        return federation.ListQuarantineResponse(quarantined=self._shelf.quarantined)

    def RequestEnrolment(self, request: Any, context: Any) -> federation.RequestEnrolmentResponse:
        self._shelf.hear(request)
        self._shelf.status.enrolment = federation.ENROLMENT_STATE_ASKED
        return federation.RequestEnrolmentResponse(fingerprint_words=world.WORDS_OF_KEY)

    def CreateEnrolmentCode(self, request: Any, context: Any) -> federation.CreateEnrolmentCodeResponse:
        self._shelf.hear(request)
        return federation.CreateEnrolmentCodeResponse(code="lark-7214-stone-9083", expires_at=world.days(-1))

    def ApproveNewcomer(self, request: Any, context: Any) -> federation.ApproveNewcomerResponse:
        self._shelf.hear(request)
        del self._shelf.status.newcomers[:]
        return federation.ApproveNewcomerResponse(node=world.NODES[3])

    def DeclineNewcomer(self, request: Any, context: Any) -> federation.DeclineNewcomerResponse:
        self._shelf.hear(request)
        del self._shelf.status.newcomers[:]
        return federation.DeclineNewcomerResponse()


class _Notification(notification_pb2_grpc.NotificationServicer):
    def __init__(self, node: Node) -> None:
        self._shelf = node.shelf

    def ListDeliveries(self, request: Any, context: Any) -> notification.ListDeliveriesResponse:
        self._shelf.hear(request)
        return notification.ListDeliveriesResponse(deliveries=[mail.delivery for mail in self._shelf.mails])

    def GetMail(self, request: Any, context: Any) -> notification.GetMailResponse:
        self._shelf.hear(request)
        return next(mail for mail in self._shelf.mails if mail.delivery.id == request.delivery_id)


_SERVICES: dict[str, tuple[Callable[[Any, grpc.Server], None], Callable[[Node], Any]]] = {
    "membership": (membership_pb2_grpc.add_MembershipServicer_to_server, _Membership),
    "resource": (resource_pb2_grpc.add_ResourcesServicer_to_server, _Resources),
    "federation": (federation_pb2_grpc.add_FederationServicer_to_server, _Federation),
    "notification": (notification_pb2_grpc.add_NotificationServicer_to_server, _Notification),
}
