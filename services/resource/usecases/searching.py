"""The shelf: what the index finds, checked again in the database."""

from dataclasses import dataclass

from services.common.access import Person
from services.common.errors import Invalid
from services.resource.domain.card import Card, may_be_listed
from services.resource.search.index import ShelfIndex
from services.resource.search.query import Asked
from services.resource.store import shelf as cards
from services.resource.usecases.shelf import Shelf

DEEPEST = 10_000


@dataclass(frozen=True)
class Page:
    cards: list[Card]
    total: int
    next_offset: int | None


def search(shelf: Shelf, index: ShelfIndex, asked: Asked, *, person: Person | None, size: int, offset: int) -> Page:
    if not 0 <= offset <= DEEPEST:
        raise Invalid("There are too many to page through. Add a word or a filter.", {"page_token": "too deep"})
    found = index.search(asked, size, offset)
    with shelf.db.read() as conn:
        read = cards.cards(conn, found.ids)
    seen = [card for card in read if may_be_listed(card, person)]
    more = offset + len(found.ids) < min(found.total, DEEPEST)
    return Page(seen, found.total, offset + size if more else None)
