"""A published resource, as much of it as a list shows."""

from dataclasses import dataclass
from datetime import datetime

from services.common.access import Person
from services.resource.domain.audience import Audience
from services.resource.domain.rights import may_read


@dataclass(frozen=True, slots=True)
class Card:
    id: str
    title: str
    summary: str
    type: str
    topics: list[str]
    evidence_level: int
    community_id: str
    origin_node_id: str
    organisation: str
    version: int
    edition: int
    review_due: str
    used_by: int
    audience: int
    shown_at: datetime
    state: int


def may_be_listed(card: Card, person: Person | None) -> bool:
    return may_read(Audience(card.audience), card.community_id, card.origin_node_id, person)
