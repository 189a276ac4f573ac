"""Somebody who is not a member asks to join, and a convenor vouches for them or declines."""

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from services.common import audit, facts, timetable
from services.common.access import Person
from services.common.database import Database, unique_violation
from services.common.errors import Conflict, Invalid
from services.membership.domain import Asker, Member, joining, may_list
from services.membership.domain.joining import JoinRequest
from services.membership.messages import members as messages
from services.membership.store import joining as store
from services.membership.store import members, places, sign_ins

FORGET = "forget-joining"


def ask_to_join(db: Database, wanted: JoinRequest, *, now: datetime) -> bool:
    """True where a question of this sign-in was open already; what was written now replaces it."""
    assert wanted.sign_in is not None
    with db.write() as conn:
        asked = joining.ask(wanted, sign_ins.member_behind(conn, wanted.sign_in))
        if places.community(conn, asked.community_id) is None:
            raise Invalid("This community is not known here.", {"community_id": "Choose one of the list."})
        before = store.of_sign_in(conn, wanted.sign_in)
        _put(conn, asked)
        timetable.add(conn, FORGET, asked.id, now + joining.ASKING_LASTS)
        return before is not None and before.id != asked.id


def list_requests(
    db: Database, community_id: str, *, asker: Asker, after: tuple[datetime, str] | None, limit: int
) -> list[JoinRequest]:
    may_list(asker, community_id)
    with db.read() as conn:
        return store.open_page(conn, community_id, after, limit)


def get_request(db: Database, request_id: str, *, asker: Asker) -> JoinRequest:
    with db.read() as conn:
        return joining.may_look(asker, store.one(conn, request_id))


def vouch_for(
    db: Database, request_id: str, *, member_id: str, organisation_id: str, asker: Person, now: datetime
) -> str:
    """The id of the member whom the sign-in belongs to now; asked twice it answers the first."""
    with db.write() as conn:
        request = joining.may_answer(asker, store.one_locked(conn, request_id))
        if request.sign_in is None:
            return request.member_id
        if member_id:
            member = joining.vouch_for_known(asker, request, members.member_locked(conn, member_id))
        else:
            member = _add(conn, joining.new_member(asker, request, organisation_id), asker, now)
        _refuse_bound(conn, request)
        store.replace_sign_in(conn, request.sign_in, member.id, now)
        sign_ins.end_invitations(conn, member.id, now)
        store.note_vouched(conn, member.id, asker.member_id, now)
        store.settle(conn, request_id, member.id)
        facts.put(conn, messages.member_bound(member.id), member.id, now)
        audit.add(conn, asker, "sign-in replaced" if member.bound else "vouched for", member.id, now)
        return member.id


def decline(db: Database, request_id: str, *, asker: Asker, now: datetime) -> None:
    """What was written is forgotten."""
    with db.write() as conn:
        request = joining.may_answer(asker, store.one_locked(conn, request_id))
        if request.sign_in is None:
            raise Conflict("Somebody vouched for this person already. Nothing was changed.")
        store.forget(conn, request_id)
        audit.add(conn, asker, "joining declined", request_id, now)


def forget_old(db: Database, request_id: str) -> None:
    with db.write() as conn:
        store.forget(conn, request_id)


def _put(conn: Connection, asked: JoinRequest) -> None:
    try:
        store.put(conn, asked)
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This form was sent a moment ago. Nothing was doubled.") from error
        raise


def _refuse_bound(conn: Connection, request: JoinRequest) -> None:
    if request.sign_in is not None and sign_ins.member_behind(conn, request.sign_in):
        raise Conflict("This person became a member meanwhile. Nothing was changed; decline, to put it away.")


def _add(conn: Connection, new: Member, asker: Person, now: datetime) -> Member:
    if new.organisation_id and not places.organisation_names(conn, [new.organisation_id]):
        raise Invalid("This organisation is not known here.", {"organisation_id": "Choose one of the list."})
    members.put_member(conn, new, now)
    for fact in messages.member_changed(None, new):
        facts.put(conn, fact, new.id, now)
    audit.add(conn, asker, "member put", new.id, now)
    return new
