"""The shelf as search shows it: one statement for a page of hits."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from services.resource.domain.card import Card
from services.resource.domain.resource import State
from services.resource.store.tables import resource

_READ = tuple(
    resource.c[name]
    for name in (
        "id", "title", "summary", "type", "topics", "evidence_level", "community_id", "origin_node_id", "organisation",
        "version", "edition", "review_due", "used_by", "audience", "shown_at", "state",
    )
)  # fmt: skip
_BY_ID = select(*_READ)


def cards(conn: Connection, ids: Sequence[str]) -> list[Card]:
    """In the order of `ids`; what is not published any more is left out."""
    if not ids:
        return []
    found: dict[str, Any] = {row[0]: row for row in conn.execute(_BY_ID.where(resource.c.id.in_(ids)))}
    ordered = (found[each] for each in ids if each in found)
    return [Card(*row) for row in ordered if row.state == int(State.PUBLISHED) and row.edition]
