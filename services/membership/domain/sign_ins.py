"""Sign-ins and invitations: which proven person is which member, and how the two are joined once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.common.errors import Conflict, NotAllowed, NotFound
from services.membership.domain.authority import Asker
from services.membership.domain.members import Member, may_manage

INVITATION_LASTS = timedelta(days=30)


@dataclass(frozen=True)
class SignIn:
    """A person as an OpenID provider proves them."""

    issuer: str
    subject: str


@dataclass(frozen=True)
class Invitation:
    """An open door for one member; whoever holds its code may go through once."""

    id: str
    member_id: str
    expires_at: datetime
    used_at: datetime | None = None

    def used(self, now: datetime) -> "Invitation":
        return replace(self, used_at=now)


def may_enter(member: Member | None) -> Member:
    """The member behind a sign-in, if they may come in."""
    if member is None:
        raise NotAllowed(
            "This sign-in does not belong to a member yet. Open the invitation link that your convenor sent you; "
            "if you have none, ask to join at /join."
        )
    if member.left:
        raise NotAllowed("You are no longer a member here. If that is a mistake, ask your convenor.")
    return member


def invite(asker: Asker, member: Member, invitation_id: str, now: datetime) -> Invitation:
    if not may_manage(asker, member):
        raise NotAllowed("Only a convenor of the member's own community or the operator of this node may invite them.")
    if member.left:
        raise Conflict("This member has left. Take them back first, then invite them.")
    if member.bound:
        raise Conflict("This member signs in already, so no invitation is needed. Nothing was changed.")
    return Invitation(invitation_id, member.id, now + INVITATION_LASTS)


def ends_invitations(before: Member | None, after: Member) -> bool:
    """Was more given to a member who has yet to come in? Whoever made the link may not be allowed to open so much."""
    return before is not None and not after.bound and not after.all_roles <= before.all_roles


def accept(invitation: Invitation | None, member: Member | None, held_by: str, now: datetime) -> Invitation:
    """The invitation, used. `held_by`: the member whom this sign-in belongs to already, if any."""
    if invitation is None or member is None:
        raise NotFound("This invitation link is not known here. Check that it was copied whole, or ask for a new one.")
    if invitation.used_at is not None:
        raise Conflict("This invitation link was used already. Sign in as you did then, or ask for a new link.")
    if invitation.expires_at <= now:
        raise Conflict("This invitation link has expired. Ask your convenor for a new one.")
    if member.left:
        raise Conflict("This invitation is for a member who has left. Ask your convenor.")
    if held_by:
        raise Conflict("This sign-in belongs to a member already and cannot be joined to another. Nothing was changed.")
    if member.bound:
        raise Conflict("This member signs in with another account already. If that is not you, tell your convenor.")
    return invitation.used(now)
