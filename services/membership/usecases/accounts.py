"""Which accounts at the node's own provider members have, and how those shall be."""

from collections.abc import Collection

from services.common.database import Database
from services.membership.domain.accounts import Account, account_of
from services.membership.store import members, sign_ins


def accounts_of(db: Database, issuer: str, member_ids: Collection[str]) -> list[Account]:
    """Of those members who have one there."""
    with db.read() as conn:
        subjects = sign_ins.subjects_of(conn, issuer, member_ids)
        return [account_of(member, subjects[member.id]) for member in members.members_of(conn, list(subjects))]
