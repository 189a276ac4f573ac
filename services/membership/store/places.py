"""Communities, localities and organisations."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from fosse.common.v1.access_pb2 import ROLE_MEMBER
from services.common.database import unique_violation
from services.common.errors import Conflict
from services.membership.domain import Community, Locality, Organisation
from services.membership.store.tables import (
    communities,
    community_roles,
    localities,
    member_localities,
    members,
    organisation_localities,
    organisations,
)


def community(conn: Connection, community_id: str) -> Community | None:
    row = conn.execute(select(communities).where(communities.c.id == community_id)).first()
    return Community(*row) if row else None


def all_communities(conn: Connection) -> list[tuple[Community, int]]:
    """By name, each with its members who have not left."""
    here = (
        select(community_roles.c.community_id, func.count().label("people"))
        .join(members, members.c.id == community_roles.c.member_id)
        .where(community_roles.c.role == ROLE_MEMBER, members.c.left_at.is_(None))
        .group_by(community_roles.c.community_id)
        .subquery()
    )
    rows = conn.execute(
        select(*communities.c, func.coalesce(here.c.people, 0))
        .outerjoin(here, here.c.community_id == communities.c.id)
        .order_by(communities.c.name)
    )
    return [(Community(*row[:3]), row[3]) for row in rows]


def people_in(conn: Connection, community_id: str) -> int:
    """Its members who have not left."""
    return next((people for community, people in all_communities(conn) if community.id == community_id), 0)


def put_community(conn: Connection, wanted: Community) -> None:
    _put(conn, communities, wanted.id, {"name": wanted.name, "hashtag": wanted.hashtag})


def locality(conn: Connection, locality_id: str) -> Locality | None:
    row = conn.execute(select(localities).where(localities.c.id == locality_id)).first()
    return Locality(*row) if row else None


def all_localities(conn: Connection) -> list[Locality]:
    return [Locality(*row) for row in conn.execute(select(localities).order_by(localities.c.name))]


def localities_of(conn: Connection, ids: Sequence[str]) -> list[Locality]:
    """Those of the ids that are known, by name."""
    rows = conn.execute(select(localities).where(localities.c.id.in_(ids)).order_by(localities.c.name))
    return [Locality(*row) for row in rows]


def put_locality(conn: Connection, wanted: Locality) -> None:
    _put(conn, localities, wanted.id, {"name": wanted.name})


def unknown_localities(conn: Connection, ids: Sequence[str]) -> set[str]:
    return set(ids) - set(conn.scalars(select(localities.c.id).where(localities.c.id.in_(ids))))


def organisation(conn: Connection, organisation_id: str) -> Organisation | None:
    row = conn.execute(select(organisations).where(organisations.c.id == organisation_id)).first()
    if row is None:
        return None
    areas = select(organisation_localities.c.locality_id).where(
        organisation_localities.c.organisation_id == organisation_id
    )
    return Organisation(
        id=row.id,
        name=row.name,
        type=row.type,
        ods_code=row.ods_code or "",
        cqc_location_id=row.cqc_location_id or "",
        locality_ids=tuple(sorted(conn.scalars(areas))),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        succeeded_by=row.succeeded_by or "",
    )


def organisation_names(conn: Connection, ids: Iterable[str]) -> dict[str, str]:
    rows = conn.execute(select(organisations.c.id, organisations.c.name).where(organisations.c.id.in_(list(ids))))
    return {row.id: row.name for row in rows}


def successors(conn: Connection, organisation_id: str) -> list[str]:
    """Who follows an organisation and who follows that one, itself first, to the end of the line."""
    line: list[str] = []
    following: str | None = organisation_id
    while following and following not in line:
        line.append(following)
        following = conn.scalar(select(organisations.c.succeeded_by).where(organisations.c.id == following))
    return line


def put_organisation(conn: Connection, wanted: Organisation) -> None:
    """Raises `Conflict` when another organisation has one of the codes."""
    values = {
        "name": wanted.name,
        "type": wanted.type,
        "ods_code": wanted.ods_code or None,
        "cqc_location_id": wanted.cqc_location_id or None,
        "valid_from": wanted.valid_from,
        "valid_to": wanted.valid_to,
        "succeeded_by": wanted.succeeded_by or None,
    }
    try:
        _put(conn, organisations, wanted.id, values)
    except IntegrityError as error:
        if unique_violation(error):
            once = "Each code is of one organisation."
            raise Conflict(
                "Another organisation here has this code already. Nothing was saved; use that one, or check the code.",
                {"ods_code": once, "cqc_location_id": once},
            ) from error
        raise
    links = organisation_localities
    conn.execute(delete(links).where(links.c.organisation_id == wanted.id))
    for locality_id in wanted.locality_ids:
        conn.execute(insert(links).values(organisation_id=wanted.id, locality_id=locality_id))


def communities_of_organisation(conn: Connection, organisation_id: str) -> set[str]:
    """Whose members it employs."""
    query = (
        select(community_roles.c.community_id)
        .join(members, members.c.id == community_roles.c.member_id)
        .where(members.c.organisation_id == organisation_id)
    )
    return set(conn.scalars(query.distinct()))


def communities_of_locality(conn: Connection, locality_id: str) -> set[str]:
    """Whose members work in it."""
    query = (
        select(community_roles.c.community_id)
        .join(member_localities, member_localities.c.member_id == community_roles.c.member_id)
        .where(member_localities.c.locality_id == locality_id)
    )
    return set(conn.scalars(query.distinct()))


def _put(conn: Connection, table: Table, row_id: str, values: dict[str, str | date | Any | None]) -> None:
    if not conn.execute(update(table).where(table.c.id == row_id).values(values)).rowcount:
        conn.execute(insert(table).values(id=row_id, **values))
