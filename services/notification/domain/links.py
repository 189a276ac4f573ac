"""Signed links of a mail: what each does, and ids that follow from the mail, so that asking twice gives one link."""

import hashlib
from datetime import datetime
from enum import StrEnum

from services.notification.domain.delivery import Words


class Purpose(StrEnum):
    """The one thing that a signed link does."""

    BOOK = "book"
    CANCEL = "cancel"
    DECLINE = "decline"
    PULSE = "pulse"


def link_id(delivery_id: str, purpose: Purpose) -> str:
    """The same whenever it is asked for, so that a mail that is written twice holds the same link."""
    return a_hash("link", delivery_id, purpose)


def links_wanted(words: Words) -> list[Purpose]:
    return [Purpose(each) for each in words.get("links", ())]


def links_end(words: Words) -> datetime:
    return datetime.fromisoformat(words["links_end"])


def a_hash(*parts: str) -> str:
    """An id that follows from what it is about."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
