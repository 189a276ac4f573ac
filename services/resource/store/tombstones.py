"""What other nodes took back: only that it was, and up to which version."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from services.resource.store.tables import tombstone


@dataclass(frozen=True)
class Tombstone:
    item_id: str
    node_id: str
    version: int
    at: datetime


def find_all(conn: Connection, ids: Collection[str]) -> dict[str, Tombstone]:
    rows = conn.execute(select(tombstone).where(tombstone.c.item_id.in_(ids)))
    return {row.item_id: Tombstone(*row) for row in rows}


def stands(conn: Connection, item_id: str) -> bool:
    return conn.scalar(select(tombstone.c.item_id).where(tombstone.c.item_id == item_id)) is not None


def put(conn: Connection, stones: Sequence[Tombstone]) -> None:
    """Each replaces an earlier one of the same item."""
    drop(conn, [stone.item_id for stone in stones])
    if stones:
        conn.execute(insert(tombstone), [vars(stone) for stone in stones])


def drop(conn: Connection, ids: Collection[str]) -> None:
    if ids:
        conn.execute(delete(tombstone).where(tombstone.c.item_id.in_(ids)))
