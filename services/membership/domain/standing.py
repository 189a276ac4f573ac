"""What an operator changes about one member: roles, the door shut or opened, an end. What is so already stays."""

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from services.common.access import Role
from services.common.errors import Conflict, Invalid
from services.membership.domain.members import Member

Change = Callable[[Member], Member]


class Standing(StrEnum):
    """In the words of the audit trail."""

    ENABLED = "member enabled"
    DISABLED = "member disabled"
    ENDED = "member ended"


def with_roles(member: Member, community_id: str, *, given: frozenset[int], taken: frozenset[int]) -> Member:
    """Whoever is given a role in a community belongs to it; the operator's role is of the whole node."""
    _refuse_nonsense(given, taken)
    operator = (member.operator or Role.ROLE_OPERATOR in given) and Role.ROLE_OPERATOR not in taken
    here = member.roles.get(community_id, frozenset()) | given - {Role.ROLE_OPERATOR}
    if not here:
        return replace(member, operator=operator)
    roles = {**member.roles, community_id: (here - taken) | {int(Role.ROLE_MEMBER)}}
    return replace(member, operator=operator, roles=roles)


def standing_as(member: Member, standing: Standing) -> Member:
    if standing is Standing.ENDED and not member.roles:
        raise Conflict("This operator belongs to no community, so no membership can end. Disable them instead.")
    if standing is not Standing.ENDED:
        return replace(member, left=standing is Standing.DISABLED)
    plain = {community: frozenset({int(Role.ROLE_MEMBER)}) for community in member.roles}
    return replace(member, left=True, operator=False, roles=plain)


def _refuse_nonsense(given: frozenset[int], taken: frozenset[int]) -> None:
    if both := given & taken:
        names = ", ".join(sorted(Role.Name(Role.ValueType(role)).removeprefix("ROLE_").lower() for role in both))
        raise Invalid(f"These roles were to be given and taken at once: {names}. Nothing was changed.")
    if Role.ROLE_MEMBER in taken:
        raise Invalid("Whoever belongs to a community is a member of it. To take somebody out, end the membership.")
