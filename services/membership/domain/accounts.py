"""What a member's facts mean for their account at the node's own provider."""

from dataclasses import dataclass

from services.common.access import Role
from services.membership.domain.members import Member

# The provider asks whoever has one of these for a one-time code; nothing ever reads them back.
SECOND_FACTOR = {int(Role.ROLE_CONVENOR): "convenor", int(Role.ROLE_OPERATOR): "operator"}


@dataclass(frozen=True)
class Account:
    """As it shall be; `subject` is what the provider knows the person by."""

    subject: str
    roles: frozenset[str]
    closed: bool


def account_of(member: Member, subject: str) -> Account:
    roles = frozenset(name for role, name in SECOND_FACTOR.items() if role in member.all_roles)
    return Account(subject, frozenset() if member.left else roles, member.left)
