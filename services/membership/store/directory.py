"""Finding members by what they are, and organisations by whom they employ."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, or_, select, tuple_

from fosse.common.v1.access_pb2 import ROLE_MEMBER
from services.membership.domain import Member, Organisation
from services.membership.domain.directory import Sought
from services.membership.store import places
from services.membership.store.importing import with_localities
from services.membership.store.members import SORTED_BY, read
from services.membership.store.tables import (
    community_roles,
    member_localities,
    member_topics,
    members,
    organisations,
)


def page(conn: Connection, sought: Sought, after_id: str, limit: int) -> list[Member]:
    """By name, from behind the member `after_id`."""
    query = select(members).where(*_conditions(sought)).limit(limit)
    if after_id:
        last = select(*SORTED_BY).where(members.c.id == after_id).subquery()
        query = query.where(tuple_(*SORTED_BY) > select(*last.c).scalar_subquery())
    return read(conn, query)


def total(conn: Connection, sought: Sought) -> int:
    return int(conn.scalar(select(func.count()).select_from(members).where(*_conditions(sought))) or 0)


def ids_after(conn: Connection, community_id: str, after_id: str, limit: int) -> list[str]:
    """Members who have not left, in order of id."""
    query = select(members.c.id).where(members.c.id.in_(_inside(community_id)), members.c.left_at.is_(None))
    return list(conn.scalars(query.where(members.c.id > after_id).order_by(members.c.id).limit(limit)))


def organisations_of(conn: Connection, community_id: str, after_id: str, limit: int) -> list[Organisation]:
    """Those that members of the community belong to, and whoever follows them, by name."""
    o = organisations.c
    employing = select(members.c.organisation_id).where(
        members.c.id.in_(_inside(community_id)), members.c.organisation_id.is_not(None)
    )
    followers = select(o.succeeded_by).where(o.id.in_(employing), o.succeeded_by.is_not(None))
    sorted_by = (func.lower(o.name), o.id)
    query = select(organisations).where(or_(o.id.in_(employing), o.id.in_(followers)))
    if after_id:
        last = select(*sorted_by).where(o.id == after_id).subquery()
        query = query.where(tuple_(*sorted_by) > select(*last.c).scalar_subquery())
    return with_localities(conn, conn.execute(query.order_by(*sorted_by).limit(limit)).all())


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
