"""People who sign in and are not members yet: they ask, and a convenor who knows them vouches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.common.access import Person, Role
from services.common.errors import Conflict, NotAllowed, NotFound
from services.membership.domain.authority import Asker, manages
from services.membership.domain.members import Member, may_manage
from services.membership.domain.sign_ins import SignIn
from services.membership.domain.words import refuse_faults, too_short_or_long

ASKING_LASTS = timedelta(days=30)
ANSWERED = "This request is not there any more: it was answered, or is older than 30 days."


@dataclass(frozen=True)
class JoinRequest:
    id: str
    community_id: str
    name: str
    organisation: str
    about: str
    asked_at: datetime
    # None once somebody vouched, and then `member_id` says who they are.
    sign_in: SignIn | None = None
    member_id: str = ""


def ask(wanted: JoinRequest, held_by: str) -> JoinRequest:
    """`held_by`: the member whom this sign-in belongs to already, if any."""
    if held_by:
        raise Conflict("You are a member already, so there is nothing to ask. Nothing was changed.")
    refuse_faults(
        {
            "name": too_short_or_long(wanted.name, 120, shortest=2),
            "organisation": too_short_or_long(wanted.organisation, 200, shortest=2),
            "about": _too_long(wanted.about),
        }
    )
    return wanted


def may_look(asker: Asker, request: JoinRequest | None) -> JoinRequest:
    """At one that still waits: an answered one holds nothing of what was written."""
    if request is None or request.sign_in is None:
        raise NotFound(ANSWERED)
    return may_answer(asker, request)


def may_answer(asker: Asker, request: JoinRequest | None) -> JoinRequest:
    if request is None:
        raise NotFound(ANSWERED)
    if not manages(asker, [request.community_id]):
        raise NotAllowed("Only a convenor of this community may answer people who ask to join it.")
    return request


def new_member(asker: Person, request: JoinRequest, organisation_id: str) -> Member:
    """The member whom a convenor vouches for, with the name that was given; the id is the request's."""
    may_answer(asker, request)
    roles = {request.community_id: frozenset({int(Role.ROLE_MEMBER)})}
    return Member(request.id, request.name, organisation_id=organisation_id, roles=roles, version=1)


def vouch_for_known(asker: Person, request: JoinRequest, member: Member | None) -> Member:
    """Somebody on the list already: the sign-in that asked becomes theirs, and an earlier one ends."""
    may_answer(asker, request)
    if member is None or request.community_id not in member.communities or not may_manage(asker, member):
        raise NotFound("This member is not known here, or is not yours to vouch for. Nothing was changed.")
    if member.id == asker.member_id:
        raise NotAllowed("Nobody vouches for themselves. Ask another convenor; nothing was changed.")
    if member.left:
        raise Conflict("This member has left. Take them back first, then vouch for them.")
    return member


def _too_long(text: str) -> str:
    # Lines may be broken here, so each is looked at by itself.
    faults = (too_short_or_long(line, 500) for line in text.splitlines())
    return "Write at most 500 characters." if len(text) > 500 else next((fault for fault in faults if fault), "")
