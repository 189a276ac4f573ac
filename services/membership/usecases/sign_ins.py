"""A proven person becomes a member with a pass; an invitation joins the two once."""

from dataclasses import dataclass
from datetime import datetime

from services.common import audit, facts, passes
from services.common.access import Person
from services.common.database import Database
from services.common.errors import Conflict, NotFound
from services.membership import domain
from services.membership.domain import Asker, Invitation, SignIn
from services.membership.keys import InvitationCodes, PassKeyRing, hash_of
from services.membership.messages import members as messages
from services.membership.store import joining, members
from services.membership.store import sign_ins as store
from services.membership.usecases.people import person_of


@dataclass(frozen=True)
class IssuedPass:
    token: str
    expires_at: datetime


def issue_pass(db: Database, ring: PassKeyRing, sign_in: SignIn, *, now: datetime) -> IssuedPass:
    person = _person_behind(db, sign_in)
    key, kid = ring.signing()
    return IssuedPass(passes.sign(key, kid, person, now), now + passes.LIFETIME)


def move(db: Database, before: str, issuer: str, *, now: datetime) -> None:
    """The one provider has another name since the node's address changed."""
    with db.write() as conn:
        if store.move(conn, before, issuer):
            audit.add(conn, "membership", "sign-ins moved to another address", "", now)


def create_invitation(
    db: Database, codes: InvitationCodes, *, invitation_id: str, member_id: str, asker: Asker, now: datetime
) -> tuple[Invitation, str]:
    """The invitation and its code; asked twice with one id it answers the same."""
    code = codes.code(invitation_id)
    with db.write() as conn:
        member = members.member_locked(conn, member_id)
        if member is None:
            raise NotFound("This member is not known here.")
        invitation = domain.invite(asker, member, invitation_id, now)
        known = store.invitation(conn, invitation_id)
        if known is not None:
            if known.member_id != member_id or not store.has_code(conn, invitation_id, hash_of(code)):
                raise Conflict("This form was used for another invitation. Open the page again.")
            return known, code
        store.add_invitation(conn, invitation, hash_of(code), now)
        audit.add(conn, asker, "member invited", member_id, now)
        return invitation, code


def accept_invitation(db: Database, sign_in: SignIn, *, code: str, now: datetime) -> str:
    """Joins the sign-in to the invited member; returns the member's id."""
    with db.write() as conn:
        invitation = store.invitation_by_code_locked(conn, hash_of(code))
        member = members.member_locked(conn, invitation.member_id) if invitation else None
        used = domain.accept(invitation, member, store.member_behind(conn, sign_in), now)
        store.bind(conn, sign_in, used, now)
        joining.forget_of(conn, sign_in)
        facts.put(conn, messages.member_bound(used.member_id), used.member_id, now)
        audit.add(conn, used.member_id, "sign-in bound", used.member_id, now)
        return used.member_id


def _person_behind(db: Database, sign_in: SignIn) -> Person:
    with db.read() as conn:
        member = domain.may_enter(members.member(conn, store.member_behind(conn, sign_in)))
        return person_of(conn, member)
