"""Items: whose they are and what stands of them; and in which streams this node put its own."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from services.federation.domain.items import Item
from services.federation.domain.sharing import Placed
from services.federation.store.tables import items, placed

_ITEM = tuple(items.c[name] for name in ("owner", "version", "stream", "withdrawn", "withdrawn_in", "hollow"))


def known(conn: Connection, ids: Collection[str]) -> dict[str, Item]:
    found = conn.execute(select(items.c.item, *_ITEM).where(items.c.item.in_(ids)))
    return {row[0]: Item(*row[1:]) for row in found}


def save(conn: Connection, before: Mapping[str, Item], after: Mapping[str, Item], schemas: Mapping[str, str]) -> None:
    """Writes what changed; `schemas`: of those items whose newest body came just now."""
    new = [
        {"item": item, **asdict(state), "schema": schemas.get(item, ""), "applied": 0}
        for item, state in after.items()
        if item not in before
    ]
    if new:
        conn.execute(insert(items), new)
    for item, state in after.items():
        if item in before and (state != before[item] or item in schemas):
            values: dict[str, Any] = asdict(state)
            if item in schemas:
                values["schema"] = schemas[item]
            conn.execute(update(items).where(items.c.item == item).values(values))


def schemas_of(conn: Connection, ids: Collection[str]) -> dict[str, str]:
    found = conn.execute(select(items.c.item, items.c.schema).where(items.c.item.in_(ids)))
    return {row.item: row.schema for row in found}


def note_applied(conn: Connection, versions: Mapping[str, int]) -> None:
    """The services have these items at these versions."""
    for item, version in versions.items():
        older = items.c.applied < version
        conn.execute(update(items).where(items.c.item == item, older).values(applied=version))


def held(conn: Connection) -> dict[str, int]:
    """By origin: live items that a service has taken."""
    counted = select(items.c.owner, func.count()).where(
        items.c.version > items.c.withdrawn, items.c.hollow.is_(False), items.c.applied >= items.c.version
    )
    return {owner: count for owner, count in conn.execute(counted.group_by(items.c.owner))}


def placements(conn: Connection, item: str) -> dict[str, Placed]:
    """Where this node put its item, by stream."""
    rows = conn.execute(select(placed.c.stream, placed.c.version, placed.c.live).where(placed.c.item == item))
    return {row.stream: Placed(row.version, row.live) for row in rows}


def standing(conn: Connection, limit: int) -> list[str]:
    """Items that this node put into some stream and has not withdrawn from it."""
    return list(conn.scalars(select(placed.c.item).where(placed.c.live).distinct().limit(limit)))


def own(conn: Connection, ids: Collection[str], node: str) -> None:
    """Notes that these items are this node's, for good."""
    before = known(conn, ids)
    save(conn, before, {item: before.get(item, Item(owner=node)) for item in ids}, {})


def place(conn: Connection, item: str, stream: str, now_there: Placed) -> None:
    """Notes where this node's item stands."""
    which = (placed.c.item == item, placed.c.stream == stream)
    values = asdict(now_there)
    if not conn.execute(update(placed).where(*which).values(**values)).rowcount:
        conn.execute(insert(placed).values(item=item, stream=stream, **values))


def live_in(conn: Connection, stream: str) -> int:
    """Own items that stand in a stream of this node."""
    standing = select(func.count()).select_from(placed).where(placed.c.stream == stream, placed.c.live)
    return int(conn.scalar(standing) or 0)
