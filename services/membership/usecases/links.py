"""Links are made, looked at, traded and ended; a convenor acts for a member."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.common import audit, passes
from services.common.access import Person, scope_of
from services.common.database import Database
from services.common.errors import Conflict, NotFound
from services.membership.domain import Asker, Member
from services.membership.domain import links as domain
from services.membership.domain.links import Link
from services.membership.keys import LinkCodes, PassKeyRing, hash_of
from services.membership.store import links as store
from services.membership.store import members
from services.membership.usecases.people import person_of

# Kept after its end, so that whoever comes late is told that it ran out rather than that it never was.
KEPT_AFTER_END = timedelta(days=90)


@dataclass(frozen=True)
class Opened:
    """What a code stands for."""

    link: Link
    made_for: str
    communities: frozenset[str]


def make_links(db: Database, codes: LinkCodes, wanted: Sequence[Link], *, now: datetime) -> list[tuple[str, str]]:
    """Ids and codes, of the members who are still there; asked twice with one id it answers the same code."""
    domain.refuse_many(wanted)
    told = {link.id: codes.code(link.id) for link in wanted}
    with db.write() as conn:
        store.prune(conn, now - KEPT_AFTER_END)
        known = store.links_of(conn, list(told))
        _refuse_other_codes(conn, known, told)
        people = {each.id: each for each in members.members_of(conn, list({link.member_id for link in wanted}))}
        made = [domain.make(link, known.get(link.id), people.get(link.member_id), now) for link in wanted]
        standing = [link for link in made if link]
        store.add(conn, [(link, hash_of(told[link.id])) for link in standing if link.id not in known])
    return [(link.id, told[link.id]) for link in standing]


def describe_link(db: Database, code: str, *, now: datetime) -> Opened:
    with db.read() as conn:
        link, member = _open(conn, code, now)
    return _opened(link, member)


def trade_link(db: Database, ring: PassKeyRing, code: str, *, now: datetime) -> tuple[Opened, str]:
    """What the code stands for, and a pass that opens just that."""
    with db.read() as conn:
        link, member = _open(conn, code, now)
        # Whatever else they may be: a link in a mail opens nothing of the node's.
        person = replace(person_of(conn, member), operator=False)
    if link.first_used_at is None and link.purpose.use_is_noted:
        with db.write() as conn:
            if store.note_use(conn, link.id, now):
                audit.add(conn, member.id, "link used", link.id, now)
    scope = scope_of(domain.RPC_OF[link.purpose], link.object_id)
    return _opened(link, member), _signed(ring, replace(person, scope=scope), now)


def revoke_links(db: Database, member_id: str, *, asker: Asker, now: datetime) -> int:
    with db.write() as conn:
        domain.may_revoke(asker, _known(members.member_locked(conn, member_id)))
        ended = store.revoke_all(conn, member_id, now)
        if ended:
            audit.add(conn, asker, "links ended", member_id, now)
        return ended


def act_for(db: Database, ring: PassKeyRing, member_id: str, *, convenor: Person, now: datetime) -> str:
    """A pass of the member's that names the convenor."""
    with db.write() as conn:
        member = domain.act_for(convenor, _known(members.member(conn, member_id)))
        person = replace(person_of(conn, member), acting_id=convenor.member_id)
        audit.add(conn, convenor, "acted for", member_id, now)
    return _signed(ring, person, now)


def _opened(link: Link, member: Member) -> Opened:
    return Opened(link, domain.made_for(member.name), member.communities)


def _open(conn: Connection, code: str, now: datetime) -> tuple[Link, Member]:
    link = store.link_by_code(conn, hash_of(code))
    return domain.open_with(link, members.member(conn, link.member_id) if link else None, now)


def _refuse_other_codes(conn: Connection, known: dict[str, Link], told: dict[str, str]) -> None:
    """The key was replaced since: a code made now would open nothing."""
    for link_id, code_hash in store.hashes_of(conn, list(known)).items():
        if hash_of(told[link_id]) != code_hash:
            raise Conflict("This link was made with a key that is gone. Ask again with another id. None was made.")


def _known(member: Member | None) -> Member:
    if member is None:
        raise NotFound("This member is not known here.")
    return member


def _signed(ring: PassKeyRing, person: Person, now: datetime) -> str:
    key, kid = ring.signing()
    return passes.sign(key, kid, person, now)
