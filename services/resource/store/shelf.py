"""The shelf as search shows it: one statement for a page of hits."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, select

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
# With a list of any length the library writes the statement anew each time, which costs twice the search itself.
_SIZES = (20, 100)
_BY_ID = {
    size: select(*_READ).where(resource.c.id.in_([bindparam(f"id{place}") for place in range(size)])) for size in _SIZES
}


def cards(conn: Connection, ids: Sequence[str]) -> list[Card]:
    """In the order of `ids`, at most 100; what is not published any more is left out."""
    if not ids:
        return []
    size = next(size for size in _SIZES if len(ids) <= size)
    wanted = {f"id{place}": ids[place] if place < len(ids) else "" for place in range(size)}
    found: dict[str, Any] = {row[0]: row for row in conn.execute(_BY_ID[size], wanted)}
    ordered = (found[each] for each in ids if each in found)
    return [Card(*row) for row in ordered if row.state == int(State.PUBLISHED) and row.edition]
