"""Who people are and what they may be: pure decisions, no database, network, clock or randomness."""

from services.membership.domain.authority import Asker
from services.membership.domain.members import (
    Card,
    Member,
    card_for,
    may_list,
    put_member,
    refuse_joining_later,
    with_own_choices,
)
from services.membership.domain.places import (
    Community,
    Locality,
    Organisation,
    put_community,
    put_locality,
    put_organisation,
)
from services.membership.domain.profile import Profile
from services.membership.domain.sign_ins import (
    Invitation,
    SignIn,
    accept,
    ends_invitations,
    invite,
    may_enter,
)

__all__ = [
    "Asker",
    "Card",
    "Community",
    "Invitation",
    "Locality",
    "Member",
    "Organisation",
    "Profile",
    "SignIn",
    "accept",
    "card_for",
    "ends_invitations",
    "invite",
    "may_enter",
    "may_list",
    "put_community",
    "put_locality",
    "put_member",
    "put_organisation",
    "refuse_joining_later",
    "with_own_choices",
]
