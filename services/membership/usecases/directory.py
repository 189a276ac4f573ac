"""The directory is searched, profiles are read and changed."""

from collections.abc import Callable
from datetime import datetime

from services.common import audit, facts, pages
from services.common.access import Person
from services.common.database import Database
from services.common.errors import Conflict, NotFound
from services.membership.domain import Asker, Member, Organisation, directory
from services.membership.domain.directory import Entry, Seen, Sought
from services.membership.domain.members import may_manage
from services.membership.messages import members as messages
from services.membership.store import directory as store
from services.membership.store import members, places
from services.membership.usecases.places import refuse_unknown_localities


def list_directory(
    db: Database, sought: Sought, *, asker: Person, after_id: str, limit: int
) -> tuple[list[Entry], int]:
    """A page of the directory, and how many there are in all."""
    allowed = directory.seek(asker, sought)
    with db.read() as conn:
        last = pages.known(store.place_of_member(conn, allowed, after_id)) if after_id else None
        found = store.page(conn, allowed, last, limit)
        names = store.names_of_organisations(conn, found)
        total = store.total(conn, allowed)
    entries = [
        directory.entry_for(asker, each, names.get(each.organisation_id, ""), allowed.community_id) for each in found
    ]
    return entries, total


def get_member(db: Database, member_id: str, *, asker: Asker) -> Seen:
    with db.read() as conn:
        member = directory.may_see(asker, members.member(conn, member_id))
        name = places.organisation_names(conn, [member.organisation_id]).get(member.organisation_id, "")
    community_id = directory.shared_community(asker, member)
    return Seen(directory.entry_for(asker, member, name, community_id), may_manage(asker, member))


def get_profile(db: Database, member_id: str) -> tuple[Member, str]:
    """The member and the name of where they work."""
    with db.read() as conn:
        member = members.member(conn, member_id)
        if member is None:
            raise NotFound("You are not known here any more. Please sign in again.")
        return member, places.organisation_names(conn, [member.organisation_id]).get(member.organisation_id, "")


def update_profile(
    db: Database, member_id: str, change: Callable[[Member], Member], *, asker: Person, now: datetime
) -> tuple[Member, str]:
    """`change` makes what is wanted from what is there."""
    with db.write() as conn:
        before = members.member_locked(conn, member_id)
        if before is None:
            raise Conflict("You are not known here any more. Please sign in again.")
        wanted = change(before)
        refuse_unknown_localities(conn, wanted.locality_ids)
        after = directory.update_profile(before, wanted)
        if after != before:
            members.put_member(conn, after, now)
            for fact in messages.member_changed(before, after):
                facts.put(conn, fact, after.id, now)
            audit.add(conn, asker, "profile changed", after.id, now)
        return after, places.organisation_names(conn, [after.organisation_id]).get(after.organisation_id, "")


def list_organisations(
    db: Database, community_id: str, *, asker: Asker, after_id: str, limit: int
) -> list[Organisation]:
    directory.may_list_organisations(asker, community_id)
    with db.read() as conn:
        last = pages.known(store.place_of_organisation(conn, community_id, after_id)) if after_id else None
        return store.organisations_of(conn, community_id, last, limit)


def list_member_ids(db: Database, community_id: str, *, after_id: str, limit: int) -> list[str]:
    with db.read() as conn:
        return store.ids_after(conn, community_id, after_id, limit)
