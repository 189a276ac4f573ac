"""What the operator's commands say of one member, as protos and back."""

from dataclasses import replace

from fosse.membership.v1 import standing_pb2 as pb
from services.common.errors import Invalid
from services.membership.domain import Member, Profile
from services.membership.domain.standing import Change, Standing, standing_as, with_roles
from services.membership.messages import members

_STANDING = {
    pb.MEMBER_STANDING_ENABLED: Standing.ENABLED,
    pb.MEMBER_STANDING_DISABLED: Standing.DISABLED,
    pb.MEMBER_STANDING_ENDED: Standing.ENDED,
}


def described_out(profile: Profile) -> pb.DescribeMemberResponse:
    me = members.me_out(profile)
    return pb.DescribeMemberResponse(
        member=members.member_out(profile.member),
        communities=me.communities,
        organisation_name=me.organisation_name,
        operator=me.operator,
    )


def roles_in(request: pb.ChangeRolesRequest) -> Change:
    given, taken = members.roles_in(request.given), members.roles_in(request.taken)

    def how(member: Member) -> Member:
        wanted = with_roles(member, request.community_id, given=given, taken=taken)
        return replace(wanted, version=request.expected_version)

    return how


def standing_in(request: pb.ChangeStandingRequest) -> tuple[Change, Standing]:
    standing = _STANDING.get(request.standing)
    if standing is None:
        raise Invalid("This is no standing of a member that is known here. Nothing was changed.")
    return lambda member: replace(standing_as(member, standing), version=request.expected_version), standing
