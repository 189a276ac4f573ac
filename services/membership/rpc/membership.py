"""The door of members, places, passes and invitations."""

from collections.abc import Callable
from typing import Any

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1 import membership_pb2_grpc as pb_grpc
from services.common import access, ids, pages
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Invalid
from services.common.instants import stamp
from services.membership.keys import InvitationCodes, PassKeyRing
from services.membership.messages import members as messages
from services.membership.provider import Provider
from services.membership.usecases import members, places, sign_ins

MOST_IDS = 100


class Membership(pb_grpc.MembershipServicer):
    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        provider: Provider,
        ring: PassKeyRing,
        codes: InvitationCodes,
    ) -> None:
        self._db = db
        self._clock = clock
        self._provider = provider
        self._ring = ring
        self._codes = codes

    def IssuePass(self, request: pb.IssuePassRequest, context: Any) -> pb.IssuePassResponse:
        now = self._clock()
        sign_in = self._provider.signed_in(request.access_token, now)
        issued = sign_ins.issue_pass(self._db, self._ring, sign_in, now=now)
        return pb.IssuePassResponse(**{"pass": issued.token}, expires_at=stamp(issued.expires_at))

    def PassKeys(self, request: pb.PassKeysRequest, context: Any) -> pb.PassKeysResponse:
        keys = [pb.PassKey(kid=kid, public_key=public) for kid, public in self._ring.public().items()]
        return pb.PassKeysResponse(keys=keys)

    def AcceptInvitation(self, request: pb.AcceptInvitationRequest, context: Any) -> pb.AcceptInvitationResponse:
        now = self._clock()
        sign_in = self._provider.signed_in(request.access_token, now)
        member_id = sign_ins.accept_invitation(self._db, sign_in, code=request.code, now=now)
        return pb.AcceptInvitationResponse(member_id=member_id)

    def CreateInvitation(self, request: pb.CreateInvitationRequest, context: Any) -> pb.CreateInvitationResponse:
        invitation, code = sign_ins.create_invitation(
            self._db,
            self._codes,
            invitation_id=ids.checked(request.id),
            member_id=request.member_id,
            asker=access.asker(context),
            now=self._clock(),
        )
        return pb.CreateInvitationResponse(code=code, expires_at=stamp(invitation.expires_at))

    def GetMe(self, request: pb.GetMeRequest, context: Any) -> pb.GetMeResponse:
        return messages.me_out(members.describe_me(self._db, access.person(context).member_id))

    def Cards(self, request: pb.CardsRequest, context: Any) -> pb.CardsResponse:
        _refuse_many(request.member_ids, request.organisation_ids)
        found = members.cards(self._db, request.member_ids, asker=access.asker(context))
        names = members.organisation_names(self._db, request.organisation_ids)
        return pb.CardsResponse(
            members=[messages.card_out(card) for card in found],
            organisations=[pb.OrganisationCard(organisation_id=key, name=name) for key, name in names.items()],
        )

    def Contacts(self, request: pb.ContactsRequest, context: Any) -> pb.ContactsResponse:
        _refuse_many(request.member_ids)
        found = members.contacts(self._db, request.member_ids)
        return pb.ContactsResponse(contacts=[messages.contact_out(each) for each in found])

    def ListCommunities(self, request: pb.ListCommunitiesRequest, context: Any) -> pb.ListCommunitiesResponse:
        found = places.list_communities(self._db)
        return pb.ListCommunitiesResponse(communities=[messages.community_out(*each) for each in found])

    def ListLocalities(self, request: pb.ListLocalitiesRequest, context: Any) -> pb.ListLocalitiesResponse:
        found = places.list_localities(self._db)
        return pb.ListLocalitiesResponse(localities=[messages.locality_out(each) for each in found])

    def PutCommunity(self, request: pb.PutCommunityRequest, context: Any) -> pb.PutCommunityResponse:
        community, people = self._put(places.put_community, messages.community_in(request), context)
        return pb.PutCommunityResponse(community=messages.community_out(community, people))

    def PutLocality(self, request: pb.PutLocalityRequest, context: Any) -> pb.PutLocalityResponse:
        locality = self._put(places.put_locality, messages.locality_in(request.locality), context)
        return pb.PutLocalityResponse(locality=messages.locality_out(locality))

    def PutOrganisation(self, request: pb.PutOrganisationRequest, context: Any) -> pb.PutOrganisationResponse:
        organisation = self._put(places.put_organisation, messages.organisation_in(request.organisation), context)
        return pb.PutOrganisationResponse(organisation=messages.organisation_out(organisation))

    def PutMember(self, request: pb.PutMemberRequest, context: Any) -> pb.PutMemberResponse:
        member = self._put(members.put_member, messages.member_in(request.member), context)
        return pb.PutMemberResponse(member=messages.member_out(member))

    def ListMembers(self, request: pb.ListMembersRequest, context: Any) -> pb.ListMembersResponse:
        limit = pages.page_size(request.page_size)
        after = pages.decode_token(request.page_token, str)
        found = members.list_members(
            self._db, request.community_id, asker=access.asker(context), after_id=after[0] if after else "", limit=limit
        )
        following = pages.encode_token(found[-1].id) if len(found) == limit else ""
        return pb.ListMembersResponse(members=[messages.member_out(each) for each in found], next_page_token=following)

    def _put(self, use_case: Callable[..., Any], wanted: object, context: Any) -> Any:
        return use_case(self._db, wanted, asker=access.asker(context), now=self._clock())


def _refuse_many(*lists: Any) -> None:
    if any(len(each) > MOST_IDS for each in lists):
        raise Invalid(f"At most {MOST_IDS} names can be looked up at once.")
