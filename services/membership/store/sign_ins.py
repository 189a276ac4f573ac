"""Which sign-in is which member, and the invitations that join them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.membership.domain import Invitation, SignIn
from services.membership.store.tables import invitations, join_requests, sign_ins

_READ = (invitations.c.id, invitations.c.member_id, invitations.c.expires_at, invitations.c.used_at)


def member_behind(conn: Connection, sign_in: SignIn) -> str:
    """The member's id; empty where the sign-in is bound to nobody."""
    query = select(sign_ins.c.member_id).where(
        sign_ins.c.issuer == sign_in.issuer, sign_ins.c.subject == sign_in.subject
    )
    return conn.scalar(query) or ""


def subjects_of(conn: Connection, issuer: str, member_ids: Collection[str]) -> dict[str, str]:
    """Of those members who sign in there: what that provider knows them by."""
    query = select(sign_ins.c.member_id, sign_ins.c.subject).where(
        sign_ins.c.issuer == issuer, sign_ins.c.member_id.in_(member_ids)
    )
    return {member_id: subject for member_id, subject in conn.execute(query)}


def move(conn: Connection, before: str, issuer: str) -> int:
    """How many there were. Whoever is known under the new name already stays as they are."""
    moved = 0
    for table in (sign_ins, join_requests):
        there = select(table.c.subject).where(table.c.issuer == issuer)
        of_before = (table.c.issuer == before, table.c.subject.not_in(there))
        moved += conn.execute(update(table).where(*of_before).values(issuer=issuer)).rowcount
    return moved


def bind(conn: Connection, sign_in: SignIn, invitation: Invitation, now: datetime) -> None:
    """Raises `Conflict` when the sign-in or the member was bound by somebody else at the same moment."""
    conn.execute(update(invitations).where(invitations.c.id == invitation.id).values(used_at=invitation.used_at))
    try:
        conn.execute(
            insert(sign_ins).values(
                issuer=sign_in.issuer, subject=sign_in.subject, member_id=invitation.member_id, bound_at=now
            )
        )
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This sign-in or this member was joined a moment ago. Nothing was changed.") from error
        raise


def invitation(conn: Connection, invitation_id: str) -> Invitation | None:
    row = conn.execute(select(*_READ).where(invitations.c.id == invitation_id)).first()
    return Invitation(*row) if row else None


def invitation_by_code_locked(conn: Connection, code_hash: str) -> Invitation | None:
    row = conn.execute(select(*_READ).where(invitations.c.code_hash == code_hash).with_for_update()).first()
    return Invitation(*row) if row else None


def has_code(conn: Connection, invitation_id: str, code_hash: str) -> bool:
    query = select(invitations.c.code_hash).where(invitations.c.id == invitation_id)
    return conn.scalar(query) == code_hash


def add_invitation(conn: Connection, new: Invitation, code_hash: str, now: datetime) -> None:
    """The member's earlier links end, so that one lost letter is mended by the next."""
    end_invitations(conn, new.member_id, now)
    conn.execute(
        insert(invitations).values(id=new.id, member_id=new.member_id, code_hash=code_hash, expires_at=new.expires_at)
    )


def end_invitations(conn: Connection, member_id: str, now: datetime) -> None:
    still_open = (invitations.c.used_at.is_(None), invitations.c.expires_at > now)
    conn.execute(update(invitations).where(invitations.c.member_id == member_id, *still_open).values(expires_at=now))
