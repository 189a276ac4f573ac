"""Acting for a member who has no account: a convenor's calls with the pass that membership gives for it."""

from flask import request

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import links_pb2, membership_pb2
from gateway.callers import caller
from gateway.clients import Clients, clients
from services.common.errors import NotAllowed, NotFound


def for_member(member_id: str) -> Clients:
    """Stubs whose calls act for this member; both are audited. Raises `NotAllowed` unless a convenor may."""
    answer = clients().links.ActFor(links_pb2.ActForRequest(member_id=member_id))
    return clients().with_pass(getattr(answer, "pass"))


def spoken_for() -> membership_pb2.MemberCard | None:
    """The member named in the address, for whom a convenor says "we use this"; None: people speak for themselves."""
    member_id, person = request.args.get("for", ""), caller().person
    if not member_id:
        return None
    if person is None or ROLE_CONVENOR not in person.all_roles:
        raise NotAllowed("Only a convenor of their community may speak for a member. Nothing was changed.")
    cards = clients().membership.Cards(membership_pb2.CardsRequest(member_ids=[member_id])).members
    if not cards:
        raise NotFound("There is no such member here. Look for them among the members once more.")
    return cards[0]
