"""What is kept of a fact: only what is counted."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Meeting:
    meeting_id: str
    version: int
    community_id: str
    stands: bool
    starts_at: datetime
    month: str


@dataclass(frozen=True)
class FirstTime:
    """An item that counts in the month in which it first did what is counted."""

    item_id: str
    community_id: str
    first_at: datetime
    month: str
