"""Resources with their editions and parts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError

from services.common.access import Person
from services.common.database import unique_violation
from services.common.errors import Conflict
from services.resource.domain.adoption import IN_USE
from services.resource.domain.resource import Resource, State
from services.resource.store import files, rows
from services.resource.store.tables import adoption, edition, part, resource

Before = tuple[datetime, str]


def find(conn: Connection, resource_id: str) -> Resource | None:
    return found[0] if (found := _load(conn, select(resource).where(resource.c.id == resource_id))) else None


def find_locked(conn: Connection, resource_id: str) -> Resource | None:
    """The resource; nobody else changes it until this transaction ends."""
    asked = select(resource).where(resource.c.id == resource_id).with_for_update()
    return found[0] if (found := _load(conn, asked)) else None


def find_all(conn: Connection, ids: Collection[str]) -> list[Resource]:
    return _load(conn, select(resource).where(resource.c.id.in_(ids)).order_by(resource.c.id))


def after(conn: Connection, resource_id: str, limit: int) -> list[Resource]:
    """All resources in order of their ids, to read every one of them in batches."""
    return _load(conn, select(resource).where(resource.c.id > resource_id).order_by(resource.c.id).limit(limit))


def add(conn: Connection, new: Resource) -> None:
    try:
        conn.execute(insert(resource).values(**rows.resource_row(new), downloads=0, used_by=0))
    except IntegrityError as error:
        if unique_violation(error):
            raise Conflict("This was sent twice at once. It is saved once; open it from your drafts.") from error
        raise
    _put_editions(conn, [(new, new.editions)])


def save(conn: Connection, before: Resource, after: Resource) -> None:
    """Writes what changed of a resource that was found locked."""
    values = rows.resource_row(after)
    conn.execute(update(resource).where(resource.c.id == before.id).values(values))
    numbers = {e.number for e in before.editions if e not in after.editions}
    if numbers:
        _drop_editions(conn, [before.id], numbers)
    _put_editions(conn, [(after, tuple(e for e in after.editions if e not in before.editions))])
    files.refer(conn, {after.id: hashes(after)})


def put_taken(conn: Connection, taken: Sequence[Resource], known: Collection[str]) -> None:
    """Resources of other nodes: those in `known` are replaced, the others are new."""
    new = [rows.resource_row(each) | {"downloads": 0, "used_by": 0} for each in taken if each.id not in known]
    changed = [rows.resource_row(each) | {"key": each.id} for each in taken if each.id in known]
    if new:
        conn.execute(insert(resource), new)
    if changed:
        names = [name for name in changed[0] if name not in {"id", "key"}]
        conn.execute(
            update(resource).where(resource.c.id == bindparam("key")).values({n: bindparam(n) for n in names}), changed
        )
        _drop_editions(conn, [each["id"] for each in changed])
    _put_editions(conn, [(each, each.editions) for each in taken])
    files.refer(conn, {each.id: hashes(each) for each in taken if each.id in known or hashes(each)})


def communities_of_own(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    """Of those of these resources that belong to this node, the community of each."""
    if not ids:
        return {}
    own = select(resource.c.id, resource.c.community_id).where(resource.c.id.in_(ids), resource.c.origin_node_id == "")
    return {row.id: row.community_id for row in conn.execute(own)}


def drop(conn: Connection, ids: Sequence[str]) -> None:
    """Takes resources of other nodes away, with all that belongs to them."""
    if not ids:
        return
    files.refer(conn, {each: () for each in ids})
    _drop_editions(conn, ids)
    conn.execute(delete(resource).where(resource.c.id.in_(ids)))


def unpublished(conn: Connection, person: Person, before: Before | None, limit: int) -> list[Resource]:
    """Own drafts, editions being drafted and withdrawn resources, newest first; all of the communities convened."""
    convened = [community for community in person.roles if person.is_convenor(community)]
    drafting = exists().where(edition.c.resource_id == resource.c.id, edition.c.published_at.is_(None))
    mine = or_(
        and_(resource.c.author_id == person.member_id, resource.c.community_id.in_(list(person.roles))),
        resource.c.community_id.in_(convened),
    )
    asked = select(resource).where(
        resource.c.origin_node_id == "", mine, or_(resource.c.state != int(State.PUBLISHED), drafting)
    )
    if before:
        asked = asked.where(
            tuple_(resource.c.changed_at, resource.c.id)
            < tuple_(literal(before[0], resource.c.changed_at.type), literal(before[1]))
        )
    return _load(conn, asked.order_by(resource.c.changed_at.desc(), resource.c.id.desc()).limit(limit))


def count_downloads(conn: Connection, counted: Mapping[str, int]) -> None:
    conn.execute(
        update(resource)
        .where(resource.c.id == bindparam("key"))
        .values(downloads=resource.c.downloads + bindparam("n")),
        [{"key": resource_id, "n": number} for resource_id, number in sorted(counted.items())],
    )


def recount_use(conn: Connection, ids: Collection[str]) -> None:
    """Counts anew who uses these resources."""
    if not ids:
        return
    using = select(func.count()).where(adoption.c.resource_id == resource.c.id, adoption.c.stage.in_(IN_USE))
    conn.execute(update(resource).where(resource.c.id.in_(ids)).values(used_by=using.scalar_subquery()))


def hashes(of: Resource) -> set[str]:
    return {part.file.sha256 for edition in of.editions for part in edition.parts if part.file}


def _load(conn: Connection, asked: Select[Any]) -> list[Resource]:
    found = list(conn.execute(asked).mappings())
    ids = [row["id"] for row in found]
    if not ids:
        return []
    editions = conn.execute(select(edition).where(edition.c.resource_id.in_(ids)).order_by(edition.c.number)).mappings()
    parts = conn.execute(select(part).where(part.c.resource_id.in_(ids)).order_by(part.c.place)).mappings()
    by_resource = rows.editions_of(editions, parts)
    return [rows.resource_of(row, by_resource.get(row["id"], ())) for row in found]


def _put_editions(conn: Connection, new: Sequence[tuple[Resource, Sequence[Any]]]) -> None:
    editions = [rows.edition_row(each.id, one) for each, some in new for one in some]
    parts = [row for each, some in new for one in some for row in rows.part_rows(each.id, one)]
    if editions:
        conn.execute(insert(edition), editions)
    if parts:
        conn.execute(insert(part), parts)


def _drop_editions(conn: Connection, ids: Sequence[str], numbers: Collection[int] | None = None) -> None:
    parts = delete(part).where(part.c.resource_id.in_(ids))
    editions = delete(edition).where(edition.c.resource_id.in_(ids))
    if numbers is not None:
        parts, editions = parts.where(part.c.edition.in_(numbers)), editions.where(edition.c.number.in_(numbers))
    conn.execute(parts)
    conn.execute(editions)
