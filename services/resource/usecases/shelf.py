"""What every use case of resource stands on, and how a change is told."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, facts
from services.common.access import Person
from services.common.database import Database
from services.common.errors import NotFound
from services.common.files import Folder
from services.resource.domain.adoption import reach
from services.resource.domain.resource import Resource
from services.resource.domain.rights import NO_SUCH, may_change, may_publish_widely, require_change
from services.resource.domain.vocabulary import Vocabulary
from services.resource.messages import said
from services.resource.messages.shown import Shown
from services.resource.store import adoptions, resources

USED = "This form was already used by somebody else. Open the page again and send it once more."


@dataclass(frozen=True)
class Shelf:
    db: Database
    files: Folder
    vocabulary: Vocabulary
    # In bytes, of a file that somebody here adds.
    largest_file: int
    # In bytes, of a file that another node shares.
    largest_taken: int


def found_to_change(conn: Connection, resource_id: str, person: Person) -> Resource:
    """The resource, locked; raises `NotFound` or `NotAllowed` for who may not change it."""
    resource = resources.find_locked(conn, resource_id)
    if resource is None:
        raise NotFound(NO_SUCH)
    require_change(resource, person)
    return resource


def save(conn: Connection, before: Resource, after: Resource, *, did: tuple[Person, str], now: datetime) -> None:
    """Writes a change and tells it: its fact, its audit row, and to other nodes what they can see of it."""
    person, action = did
    resources.save(conn, before, after)
    tell(conn, before, after, now)
    audit.add(conn, person, action, after.id, now)


def tell(conn: Connection, before: Resource | None, after: Resource, now: datetime) -> None:
    facts.put(conn, said.resource_changed(after), after.id, now)
    if after.travelled and (before is None or _seen_from_afar(before) != _seen_from_afar(after)):
        facts.put(conn, said.item_shared(after.id, after.version), after.id, now)
    if before and reach(before) != reach(after):
        tell_adoptions(conn, [after], now)


def tell_adoptions(conn: Connection, of: list[Resource], now: datetime) -> None:
    """This node's adoptions follow the audience of what they are of."""
    by_id = {resource.id: resource for resource in of}
    for adoption in adoptions.own_of(conn, by_id):
        travels = reach(by_id[adoption.resource_id]).audience is not None
        if not (travels or adoption.travelled):
            continue
        again = replace(adoption, version=adoption.version + 1, travelled=True)
        adoptions.save(conn, again)
        facts.put(conn, said.item_shared(again.id, again.version), again.id, now)


def shown_to(shelf: Shelf, resource: Resource, person: Person | None) -> Shown:
    return Shown(
        resource,
        may_change(resource, person),
        may_publish_widely(resource, person),
        {sha for sha in resources.hashes(resource) if shelf.files.has(sha)},
    )


def _seen_from_afar(resource: Resource) -> Resource:
    """What other nodes can see of it: not the draft beside it, not the counters."""
    return replace(resource, version=0, changed_at=datetime.min, editions=resource.published, downloads=0, used_by=0)
