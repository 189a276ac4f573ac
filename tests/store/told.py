"""The facts that a service said."""

from typing import TypeVar

from google.protobuf.message import Message

from services.common import facts
from services.common.database import Database
from services.common.topics import kind

Fact = TypeVar("Fact", bound=Message)


def said(db: Database, what: type[Fact]) -> list[Fact]:
    """All of one kind, in order."""
    with db.read() as conn:
        told = facts.after(conn, facts.START, 10_000)
    return [what.FromString(fact.body) for fact in told if fact.kind == kind(what)]
