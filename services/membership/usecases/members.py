"""Members are added, changed, listed and named."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, facts, pages
from services.common.database import Database
from services.common.errors import Invalid, NotFound
from services.membership import domain
from services.membership.domain import Asker, Card, Member, Profile
from services.membership.messages import members as messages
from services.membership.store import links, places, sign_ins
from services.membership.store import members as store
from services.membership.usecases.places import refuse_unknown_localities


def put_member(db: Database, wanted: Member, *, asker: Asker, now: datetime) -> Member:
    domain.refuse_joining_later(wanted, now)
    with db.write() as conn:
        _refuse_unknown(conn, wanted)
        before = store.member_locked(conn, wanted.id)
        put = domain.put_member(asker, before, domain.with_own_choices(before, wanted))
        if put != before:
            save(conn, before, put, now)
            audit.add(conn, asker, "member put", put.id, now)
        return put


def save(conn: Connection, before: Member | None, put: Member, now: datetime) -> None:
    """The changed member, with what the change ends and the facts that say so."""
    store.put_member(conn, put, now)
    if domain.ends_invitations(before, put):
        sign_ins.end_invitations(conn, put.id, now)
    if put.left:
        links.revoke_all(conn, put.id, now)
    for fact in messages.member_changed(before, put):
        facts.put(conn, fact, put.id, now)


def list_members(db: Database, community_id: str, *, asker: Asker, after_id: str, limit: int) -> list[Member]:
    """By name, from behind the member `after_id`."""
    domain.may_list(asker, community_id)
    with db.read() as conn:
        last = pages.known(store.place_in_community(conn, community_id, after_id)) if after_id else None
        return store.page_of_community(conn, community_id, last, limit)


def describe_me(db: Database, member_id: str) -> Profile:
    with db.read() as conn:
        member = store.member(conn, member_id)
        if member is None:
            raise NotFound("You are not known here any more. Please sign in again.")
        return profile_of(conn, member)


def cards(db: Database, member_ids: Sequence[str], *, asker: Asker) -> list[Card]:
    with db.read() as conn:
        found = store.members_of(conn, member_ids)
        names = places.organisation_names(conn, {member.organisation_id for member in found})
    return [domain.card_for(asker, member, names.get(member.organisation_id, "")) for member in found]


def organisation_names(db: Database, organisation_ids: Sequence[str]) -> dict[str, str]:
    with db.read() as conn:
        return places.organisation_names(conn, organisation_ids)


def contacts(db: Database, member_ids: Sequence[str]) -> list[Member]:
    """Members who can be written to."""
    with db.read() as conn:
        return [member for member in store.members_of(conn, member_ids) if member.email and not member.left]


def profile_of(conn: Connection, member: Member) -> Profile:
    names = places.organisation_names(conn, [member.organisation_id])
    communities = (places.community(conn, community_id) for community_id in sorted(member.communities))
    return Profile(
        member,
        names.get(member.organisation_id, ""),
        [community for community in communities if community],
        places.localities_of(conn, member.locality_ids),
    )


def _refuse_unknown(conn: Connection, wanted: Member) -> None:
    refuse_unknown_localities(conn, wanted.locality_ids)
    if wanted.organisation_id and not places.organisation_names(conn, [wanted.organisation_id]):
        raise Invalid("This organisation is not known here.", {"organisation_id": "Add the organisation first."})
    for community_id in wanted.communities:
        if places.community(conn, community_id) is None:
            raise Invalid("This community is not known here.", {"community_id": "Choose a community of this node."})
