"""Who uses which resource."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, literal, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from services.common.database import unique_violation
from services.common.errors import Conflict
from services.resource.domain.adoption import Adoption
from services.resource.store import rows
from services.resource.store.tables import adoption

Before = tuple[datetime, str]


def find(conn: Connection, adoption_id: str) -> Adoption | None:
    return _one(conn, adoption.c.id == adoption_id)


def of_member(conn: Connection, resource_id: str, member_id: str) -> Adoption | None:
    return _one(conn, adoption.c.resource_id == resource_id, adoption.c.member_id == member_id)


def of_resource(conn: Connection, resource_id: str, before: Before | None, limit: int) -> list[Adoption]:
    """Newest first."""
    asked = select(adoption).where(adoption.c.resource_id == resource_id)
    if before:
        asked = asked.where(
            tuple_(adoption.c.changed_at, adoption.c.id)
            < tuple_(literal(before[0], adoption.c.changed_at.type), literal(before[1]))
        )
    ordered = asked.order_by(adoption.c.changed_at.desc(), adoption.c.id.desc()).limit(limit)
    return [rows.adoption_of(row) for row in conn.execute(ordered).mappings()]


def own_of(conn: Connection, resource_ids: Collection[str]) -> list[Adoption]:
    """Adoptions that members of this node said of these resources."""
    if not resource_ids:
        return []
    asked = select(adoption).where(adoption.c.resource_id.in_(resource_ids), adoption.c.node_id == "")
    return [rows.adoption_of(row) for row in conn.execute(asked.order_by(adoption.c.id)).mappings()]


def find_all(conn: Connection, ids: Collection[str]) -> dict[str, Adoption]:
    found = conn.execute(select(adoption).where(adoption.c.id.in_(ids))).mappings()
    return {row["id"]: rows.adoption_of(row) for row in found}


def add(conn: Connection, new: Adoption) -> None:
    try:
        conn.execute(insert(adoption).values(rows.adoption_row(new)))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This was said twice at the same time. It is saved once; open the page again.") from error
        raise


def save(conn: Connection, changed: Adoption) -> None:
    conn.execute(update(adoption).where(adoption.c.id == changed.id).values(rows.adoption_row(changed)))


def put_taken(conn: Connection, taken: Sequence[Adoption], known: Collection[str]) -> None:
    """Adoptions of other nodes: those in `known` are replaced, the others are new."""
    new = [rows.adoption_row(each) for each in taken if each.id not in known]
    if new:
        conn.execute(insert(adoption), new)
    for each in taken:
        if each.id in known:
            save(conn, each)


def drop(conn: Connection, ids: Collection[str]) -> None:
    if ids:
        conn.execute(delete(adoption).where(adoption.c.id.in_(ids)))


def _one(conn: Connection, *which: Any) -> Adoption | None:
    row = conn.execute(select(adoption).where(*which)).mappings().one_or_none()
    return rows.adoption_of(row) if row else None
