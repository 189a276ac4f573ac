"""What a member reads about themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.membership.domain.members import Member
from services.membership.domain.places import Community, Locality


@dataclass(frozen=True)
class Profile:
    """A member with the names of what they belong to."""

    member: Member
    organisation_name: str
    communities: Sequence[Community]
    localities: Sequence[Locality]
