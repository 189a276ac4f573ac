"""The operator changes one member, and looks at one."""

from datetime import datetime

from services.common import audit
from services.common.database import Database
from services.common.errors import Invalid, NotFound
from services.membership import domain
from services.membership.domain import Asker, Member, Profile
from services.membership.domain.standing import Change
from services.membership.store import members as store
from services.membership.store import places
from services.membership.usecases.members import profile_of, save

_UNKNOWN = "No member of this node has this id. `fosse member list` shows who there is."


def describe(db: Database, member_id: str) -> Profile:
    with db.read() as conn:
        member = store.member(conn, member_id)
        if member is None:
            raise NotFound(_UNKNOWN)
        return profile_of(conn, member)


def change(db: Database, member_id: str, how: Change, action: str, *, asker: Asker, now: datetime) -> Member:
    """The member as `how` makes them; `action` stands in the audit trail unless it was so already."""
    with db.write() as conn:
        before = store.member_locked(conn, member_id)
        if before is None:
            raise NotFound(_UNKNOWN)
        wanted = how(before)
        if any(places.community(conn, each) is None for each in wanted.communities - before.communities):
            raise Invalid("This community is not known here.", {"community_id": "Choose a community of this node."})
        put = domain.put_member(asker, before, wanted)
        if put != before:
            save(conn, before, put, now)
            audit.add(conn, asker, action, put.id, now)
        return put
