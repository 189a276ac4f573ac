"""Domain objects as protos and back."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time

from fosse.common.v1.access_pb2 import ROLE_MEMBER, ROLE_OPERATOR, Role
from fosse.membership.v1 import facts_pb2
from fosse.membership.v1 import membership_pb2 as pb
from services.common import ids
from services.common.disclosure import rough_count
from services.common.errors import Invalid
from services.common.instants import stamp
from services.membership.domain import Card, Community, Locality, Member, Organisation, Profile


def member_changed(before: Member | None, member: Member) -> Iterator[facts_pb2.MemberChanged]:
    """One fact for each community the member is, or was, in."""
    known = member.communities | (before.communities if before else frozenset())
    for community_id in sorted(known) or [""]:
        gone = member.left or (bool(community_id) and community_id not in member.communities)
        yield facts_pb2.MemberChanged(
            member_id=member.id,
            community_id=community_id,
            left=gone,
            version=member.version,
            organisation_id=member.organisation_id,
            since=stamp(_noon(member.joined_on)) if before is None else None,
        )


def member_bound(member_id: str) -> facts_pb2.MemberBound:
    return facts_pb2.MemberBound(member_id=member_id)


def community_in(request: pb.PutCommunityRequest) -> Community:
    return Community(ids.checked(request.id), request.name.strip(), request.hashtag.strip().lstrip("#"))


def community_out(community: Community, people: int) -> pb.Community:
    shown, few = rough_count(people)
    return pb.Community(
        id=community.id, name=community.name, hashtag=community.hashtag, members=shown, members_hidden=few
    )


def locality_in(message: pb.Locality) -> Locality:
    return Locality(message.id.strip(), message.name.strip())


def locality_out(locality: Locality) -> pb.Locality:
    return pb.Locality(id=locality.id, name=locality.name)


def organisation_in(message: pb.Organisation) -> Organisation:
    return Organisation(
        id=ids.checked(message.id),
        name=message.name.strip(),
        type=message.type,
        ods_code=message.ods_code.strip().upper(),
        cqc_location_id=message.cqc_location_id.strip(),
        locality_ids=_set_of(message.locality_ids),
        valid_from=_day(message.valid_from, "valid_from"),
        valid_to=_day(message.valid_to, "valid_to"),
        succeeded_by=message.succeeded_by,
    )


def organisation_out(organisation: Organisation) -> pb.Organisation:
    return pb.Organisation(
        id=organisation.id,
        name=organisation.name,
        type=organisation.type,
        ods_code=organisation.ods_code,
        cqc_location_id=organisation.cqc_location_id,
        locality_ids=organisation.locality_ids,
        valid_from=organisation.valid_from.isoformat() if organisation.valid_from else "",
        valid_to=organisation.valid_to.isoformat() if organisation.valid_to else "",
        succeeded_by=organisation.succeeded_by,
    )


def member_in(message: pb.Member) -> Member:
    """The door gives one community; roles in it are given beside it."""
    given = roles_in(message.roles)
    here = frozenset(given - {ROLE_OPERATOR}) | {ROLE_MEMBER}
    return Member(
        id=ids.checked(message.id),
        name=message.name.strip(),
        email=message.email.strip(),
        job_title=message.job_title.strip(),
        role_group=message.role_group,
        organisation_id=message.organisation_id,
        locality_ids=_set_of(message.locality_ids),
        roles={message.community_id: here} if message.community_id else {},
        operator=ROLE_OPERATOR in given,
        name_travels=message.name_travels,
        left=message.left,
        joined_on=_day(message.joined_on, "joined_on"),
        version=message.version,
    )


def member_out(member: Member) -> pb.Member:
    return pb.Member(
        id=member.id,
        name=member.name,
        email=member.email,
        job_title=member.job_title,
        role_group=member.role_group,
        organisation_id=member.organisation_id,
        locality_ids=member.locality_ids,
        community_id=min(member.communities, default=""),
        roles=roles_out(member.all_roles),
        name_travels=member.name_travels,
        bound=member.bound,
        left=member.left,
        joined_on=member.joined_on.isoformat() if member.joined_on else "",
        version=member.version,
    )


def me_out(me: Profile) -> pb.GetMeResponse:
    member = me.member
    return pb.GetMeResponse(
        member_id=member.id,
        name=member.name,
        organisation_id=member.organisation_id,
        organisation_name=me.organisation_name,
        communities=[
            pb.CommunityRoles(community_id=each.id, community_name=each.name, roles=roles_out(member.roles[each.id]))
            for each in me.communities
        ],
        localities=[locality_out(each) for each in me.localities],
        operator=member.operator,
    )


def card_out(card: Card) -> pb.MemberCard:
    return pb.MemberCard(member_id=card.member_id, shown_as=card.shown_as, organisation_name=card.organisation_name)


def contact_out(member: Member) -> pb.Contact:
    return pb.Contact(member_id=member.id, name=member.name, email=member.email)


def roles_in(given: Iterable[int]) -> frozenset[int]:
    roles = frozenset(given)
    if not roles <= frozenset(Role.values()) - {Role.ROLE_UNSPECIFIED}:
        raise Invalid("One of these roles is not known here.", {"roles": "Choose from the list."})
    return roles


def roles_out(roles: Iterable[int]) -> list[Role.ValueType]:
    return [Role.ValueType(role) for role in sorted(roles)]


def _set_of(given: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(given)))


def _noon(day: date | None) -> datetime | None:
    """An instant that is on this day in England in summer and winter."""
    return datetime.combine(day, time(12), UTC) if day else None


def _day(text: str, field: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid("This is not a day.", {field: "Write the day as 2026-08-31."}) from error
