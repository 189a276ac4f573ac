"""Finding members by what they are, and organisations by whom they employ."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select

from fosse.common.v1.access_pb2 import ROLE_MEMBER
from services.membership.domain import Member, Organisation
from services.membership.domain.directory import Sought
from services.membership.store import places
from services.membership.store.importing import with_localities
from services.membership.store.members import SORTED_BY, Place, behind, place, read
from services.membership.store.tables import (
    community_roles,
    member_localities,
    member_topics,
    members,
    organisations,
)

_BY_NAME = (func.lower(organisations.c.name), organisations.c.id)


def page(conn: Connection, sought: Sought, last: Place | None, limit: int) -> list[Member]:
    """By name."""
    query = select(members).where(*_conditions(sought)).limit(limit)
    return read(conn, query.where(behind(SORTED_BY, last)) if last else query)


def place_of_member(conn: Connection, sought: Sought, member_id: str) -> Place | None:
    """Of one whom whoever seeks may see."""
    seen = Sought(sought.community_id, everybody=sought.everybody)
    return place(conn, SORTED_BY, members.c.id == member_id, *_conditions(seen))


def total(conn: Connection, sought: Sought) -> int:
    return int(conn.scalar(select(func.count()).select_from(members).where(*_conditions(sought))) or 0)


def ids_after(conn: Connection, community_id: str, after_id: str, limit: int) -> list[str]:
    """Members who have not left, in order of id."""
    query = select(members.c.id).where(members.c.id.in_(_inside(community_id)), members.c.left_at.is_(None))
    return list(conn.scalars(query.where(members.c.id > after_id).order_by(members.c.id).limit(limit)))


def organisations_of(conn: Connection, community_id: str, last: Place | None, limit: int) -> list[Organisation]:
    """By name."""
    query = select(organisations).where(_known_in(community_id))
    query = query.where(behind(_BY_NAME, last)) if last else query
    return with_localities(conn, conn.execute(query.order_by(*_BY_NAME).limit(limit)).all())


def place_of_organisation(conn: Connection, community_id: str, organisation_id: str) -> Place | None:
    return place(conn, _BY_NAME, organisations.c.id == organisation_id, _known_in(community_id))


def _known_in(community_id: str) -> ColumnElement[bool]:
    """Organisations that members of the community belong to, and whoever follows them."""
    o = organisations.c
    employing = select(members.c.organisation_id).where(
        members.c.id.in_(_inside(community_id)), members.c.organisation_id.is_not(None)
    )
    followers = select(o.succeeded_by).where(o.id.in_(employing), o.succeeded_by.is_not(None))
    return or_(o.id.in_(employing), o.id.in_(followers))


def names_of_organisations(conn: Connection, found: list[Member]) -> dict[str, str]:
    return places.organisation_names(conn, {each.organisation_id for each in found})


def _conditions(sought: Sought) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        members.c.id.in_(_inside(sought.community_id)),
        members.c.left_at.is_(None),
    ]
    if not sought.everybody:
        conditions.append(members.c.listed.is_(True))
    if sought.role_group:
        conditions.append(members.c.role_group == sought.role_group)
    if sought.organisation_id:
        conditions.append(members.c.organisation_id == sought.organisation_id)
    if sought.locality_id:
        conditions.append(_has(member_localities.c.member_id, member_localities.c.locality_id, sought.locality_id))
    if sought.topic:
        conditions.append(_has(member_topics.c.member_id, member_topics.c.topic, sought.topic))
    return [*conditions, *(_says(word) for word in sought.words)]


def _has(owner: Any, column: Any, value: str) -> ColumnElement[bool]:
    return members.c.id.in_(select(owner).where(column == value))


def _says(word: str) -> ColumnElement[bool]:
    """Each word stands in the name, the job title or the organisation's name; never in the e-mail address."""
    o = organisations.c
    like = {"other": f"%{_escaped(word.lower())}%", "escape": "\\"}
    return or_(
        func.lower(members.c.name).like(**like),
        func.lower(members.c.job_title).like(**like),
        members.c.organisation_id.in_(select(o.id).where(func.lower(o.name).like(**like))),
    )


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _inside(community_id: str) -> Select[Any]:
    roles = community_roles.c
    return select(roles.member_id).where(roles.community_id == community_id, roles.role == ROLE_MEMBER)
