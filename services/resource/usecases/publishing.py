"""Publishing, new editions, and taking a resource back."""

from datetime import datetime

from sqlalchemy import Connection

from services.common.access import Person
from services.common.errors import Conflict, NotFound
from services.common.text import clean_text
from services.resource.domain import resource as rules
from services.resource.domain.parts import require_adaptable
from services.resource.domain.resource import Publishing, Resource, State
from services.resource.domain.rights import NO_SUCH, may_change, may_see, require_change
from services.resource.messages.shown import Shown
from services.resource.store import resources
from services.resource.usecases.shelf import Shelf, found_to_change, save, shown_to


def start_edition(shelf: Shelf, resource_id: str, *, expected_version: int, person: Person, now: datetime) -> Shown:
    with shelf.db.write() as conn:
        before = found_to_change(conn, resource_id, person)
        after = before
        if before.draft is None:
            rules.require_version(before, expected_version)
            after = rules.start_edition(before, now)
            save(conn, before, after, did=(person, "started an edition"), now=now)
    return shown_to(shelf, after, person)


def publish(
    shelf: Shelf, resource_id: str, wish: Publishing, *, expected_version: int, person: Person, now: datetime
) -> Shown:
    with shelf.db.write() as conn:
        before = found_to_change(conn, resource_id, person)
        after = before
        if not rules.same_publishing(before, wish):
            rules.require_version(before, expected_version)
            _require_adaptable(conn, shelf, before, person)
            after = rules.publish(before, wish, person=person, vocabulary=shelf.vocabulary, now=now)
            save(conn, before, after, did=(person, f"published to {wish.audience.name.lower()}"), now=now)
    return shown_to(shelf, after, person)


def withdraw(
    shelf: Shelf, resource_id: str, *, expected_version: int, reason: str, person: Person, now: datetime
) -> Shown:
    with shelf.db.write() as conn:
        before = resources.find_locked(conn, resource_id)
        if before is None:
            raise NotFound(NO_SUCH)
        after = before
        if not _already_withdrawn(before, reason, person):
            require_change(before, person)
            rules.require_version(before, expected_version)
            after = rules.withdraw(before, reason, now)
            save(conn, before, after, did=(person, "withdrew"), now=now)
    return shown_to(shelf, after, person)


def _already_withdrawn(resource: Resource, reason: str, person: Person) -> bool:
    """By this very form, sent twice."""
    return (
        resource.state is State.WITHDRAWN
        and may_change(resource, person)
        and resource.withdrawn_because == clean_text(reason)
    )


def _require_adaptable(conn: Connection, shelf: Shelf, resource: Resource, person: Person) -> None:
    """What is declared as an adaptation must be allowed by the original's licences, if this person can see it here."""
    source = resources.find(conn, resource.words.adapted_from) if resource.words.adapted_from else None
    if source is None or not may_see(source, person) or not source.published or resource.draft is None:
        return
    if source.id == resource.id:
        raise Conflict("A resource cannot be an adaptation of itself. Correct “adapted from”, then publish.")
    require_adaptable(source.published[-1].parts, resource.draft.parts, shelf.vocabulary)
