"""Who asks to join, and the sign-in that becomes a member's when somebody vouches."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, tuple_, update

from services.membership.domain import SignIn
from services.membership.domain.joining import JoinRequest
from services.membership.store.tables import join_requests, members, sign_ins

_READ = select(join_requests)


def one(conn: Connection, request_id: str) -> JoinRequest | None:
    return _request(conn.execute(_READ.where(join_requests.c.id == request_id)).one_or_none())


def one_locked(conn: Connection, request_id: str) -> JoinRequest | None:
    return _request(conn.execute(_READ.where(join_requests.c.id == request_id).with_for_update()).one_or_none())


def of_sign_in(conn: Connection, sign_in: SignIn) -> JoinRequest | None:
    row = conn.execute(_READ.where(*_by(sign_in)).with_for_update()).one_or_none()
    return _request(row)


def put(conn: Connection, wanted: JoinRequest) -> None:
    """One open question for each sign-in: what was written before is replaced."""
    assert wanted.sign_in is not None
    conn.execute(delete(join_requests).where(*_by(wanted.sign_in)))
    conn.execute(
        insert(join_requests).values(
            id=wanted.id,
            community_id=wanted.community_id,
            issuer=wanted.sign_in.issuer,
            subject=wanted.sign_in.subject,
            name=wanted.name,
            organisation=wanted.organisation,
            about=wanted.about,
            asked_at=wanted.asked_at,
        )
    )


def open_page(conn: Connection, community_id: str, after: tuple[datetime, str] | None, limit: int) -> list[JoinRequest]:
    """Oldest first."""
    r = join_requests.c
    query = _READ.where(r.community_id == community_id, r.member_id.is_(None))
    if after:
        query = query.where(tuple_(r.asked_at, r.id) > after)
    rows = conn.execute(query.order_by(r.asked_at, r.id).limit(limit))
    return [found for row in rows if (found := _request(row))]


def settle(conn: Connection, request_id: str, member_id: str) -> None:
    """Who they are is known now; what they wrote is forgotten."""
    blank = {"issuer": None, "subject": None, "name": "", "organisation": "", "about": ""}
    conn.execute(update(join_requests).where(join_requests.c.id == request_id).values(member_id=member_id, **blank))


def forget(conn: Connection, request_id: str) -> None:
    conn.execute(delete(join_requests).where(join_requests.c.id == request_id))


def forget_of(conn: Connection, sign_in: SignIn) -> None:
    conn.execute(delete(join_requests).where(*_by(sign_in)))


def replace_sign_in(conn: Connection, sign_in: SignIn, member_id: str, now: datetime) -> None:
    """One member has one sign-in: an earlier one ends."""
    conn.execute(delete(sign_ins).where(sign_ins.c.member_id == member_id))
    conn.execute(
        insert(sign_ins).values(issuer=sign_in.issuer, subject=sign_in.subject, member_id=member_id, bound_at=now)
    )


def note_vouched(conn: Connection, member_id: str, by: str, now: datetime) -> None:
    conn.execute(update(members).where(members.c.id == member_id).values(vouched_by=by, vouched_at=now))


def _by(sign_in: SignIn) -> tuple[Any, Any]:
    return join_requests.c.issuer == sign_in.issuer, join_requests.c.subject == sign_in.subject


def _request(row: Any) -> JoinRequest | None:
    if row is None:
        return None
    sign_in = SignIn(row.issuer, row.subject) if row.issuer else None
    return JoinRequest(
        row.id, row.community_id, row.name, row.organisation, row.about, row.asked_at, sign_in, row.member_id or ""
    )
