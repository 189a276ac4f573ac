"""Membership as the pages meet it: passes, communities, links."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fosse.membership.v1 import links_pb2, links_pb2_grpc, membership_pb2_grpc
from fosse.membership.v1 import membership_pb2 as membership
from services.common import access
from services.common.passes import LIFETIME
from tests.browser import meeting_world, world
from tests.browser.standins.shelf import PRIYA

if TYPE_CHECKING:
    from tests.browser.standins.node import Node


class Membership(membership_pb2_grpc.MembershipServicer):
    def __init__(self, node: "Node") -> None:
        self._node = node

    def IssuePass(self, request: membership.IssuePassRequest, context: Any) -> membership.IssuePassResponse:
        made = membership.IssuePassResponse(expires_at=world.at(world.clock() + LIFETIME))
        setattr(made, "pass", self._node.pass_for(request.access_token))
        return made

    def PassKeys(self, request: membership.PassKeysRequest, context: Any) -> membership.PassKeysResponse:
        return membership.PassKeysResponse(keys=[membership.PassKey(kid="k1", public_key=self._node.public_key)])

    def GetMe(self, request: membership.GetMeRequest, context: Any) -> membership.GetMeResponse:
        person = access.person(context)
        name = self._node.shelf.own_names.get(person.member_id, person.shown_as)
        return membership.GetMeResponse(member_id=person.member_id, name=name)

    def PutMember(self, request: membership.PutMemberRequest, context: Any) -> membership.PutMemberResponse:
        self._node.shelf.hear(request)
        return membership.PutMemberResponse(member=request.member)

    def CreateInvitation(
        self, request: membership.CreateInvitationRequest, context: Any
    ) -> membership.CreateInvitationResponse:
        self._node.shelf.hear(request)
        return membership.CreateInvitationResponse(code="lark7214lark7214lark7214lark7214", expires_at=world.days(-30))

    def ListCommunities(self, request: Any, context: Any) -> membership.ListCommunitiesResponse:
        return membership.ListCommunitiesResponse(communities=[world.COMMUNITY])

    def ListLocalities(self, request: Any, context: Any) -> membership.ListLocalitiesResponse:
        return membership.ListLocalitiesResponse(localities=world.LOCALITIES)

    def Cards(self, request: membership.CardsRequest, context: Any) -> membership.CardsResponse:
        self._node.shelf.hear(request)
        known = {each: meeting_world.PEOPLE[each] for each in request.member_ids if each in meeting_world.PEOPLE}
        cards = [
            membership.MemberCard(member_id=each, shown_as=name, organisation_name=home)
            for each, (name, home) in known.items()
        ]
        return membership.CardsResponse(members=cards)


class Links(links_pb2_grpc.LinksServicer):
    """Signed links."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def ActFor(self, request: links_pb2.ActForRequest, context: Any) -> links_pb2.ActForResponse:
        self._node.shelf.hear(request)
        member = replace(PRIYA, member_id=request.member_id, shown_as="", roles={world.COMMUNITY.id: frozenset({1})})
        made = links_pb2.ActForResponse()
        setattr(made, "pass", self._node.pass_of(member))
        return made
