"""Making a resource and its parts."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.common import audit, ids
from services.common.access import Person
from services.common.errors import Conflict, NotAllowed, NotFound, Refusal
from services.common.files import Received
from services.resource.content import identify
from services.resource.domain import resource as rules
from services.resource.domain.parts import File, Part, PartWords, file_part, link_part
from services.resource.domain.resource import Resource
from services.resource.domain.rights import NO_SUCH, require_change
from services.resource.domain.text import clean_file_name
from services.resource.domain.words import Words, checked_words
from services.resource.messages.shown import Shown
from services.resource.store import adoptions, files, resources, tombstones
from services.resource.usecases.shelf import USED, Shelf, found_to_change, save, shown_to, tell


@dataclass(frozen=True)
class Target:
    """Which version of which resource a part is added to."""

    resource_id: str
    expected_version: int


def create(shelf: Shelf, resource_id: str, *, community_id: str, words: Words, person: Person, now: datetime) -> Shown:
    ids.checked(resource_id)
    checked = checked_words(words, shelf.vocabulary)
    with shelf.db.write() as conn:
        found = resources.find(conn, resource_id)
        if found is None:
            if adoptions.find(conn, resource_id) or tombstones.stands(conn, resource_id):
                raise NotAllowed(USED)
            found = rules.start(resource_id, community_id, checked, person, now)
            resources.add(conn, found)
            tell(conn, None, found, now)
            audit.add(conn, person, "created", resource_id, now)
        elif found.author_id != person.member_id:
            raise NotAllowed(USED)
    return shown_to(shelf, found, person)


def update(
    shelf: Shelf, resource_id: str, *, expected_version: int, words: Words, person: Person, now: datetime
) -> Shown:
    checked = checked_words(words, shelf.vocabulary)
    with shelf.db.write() as conn:
        before = found_to_change(conn, resource_id, person)
        after = before
        if checked != before.words:
            rules.require_version(before, expected_version, checked)
            after = rules.reword(before, checked, person, now)
            save(conn, before, after, did=(person, "reworded"), now=now)
    return shown_to(shelf, after, person)


def add_link(shelf: Shelf, target: Target, words: PartWords, *, link: str, person: Person, now: datetime) -> Shown:
    ids.checked(words.id, "part_id")
    part = link_part(words, link, shelf.vocabulary)
    with shelf.db.write() as conn:
        after = _add(conn, target, part, person, now)
    return shown_to(shelf, after, person)


def add_file(
    shelf: Shelf, target: Target, words: PartWords, *, name: str, chunks: Iterable[bytes], person: Person, now: datetime
) -> Shown:
    """Receives a file and adds it; a file that is refused leaves nothing behind."""
    ids.checked(words.id, "part_id")
    file_part(words, File("file", "", "", 0), shelf.vocabulary)
    with shelf.db.read() as conn:
        before = resources.find(conn, target.resource_id)
    if before is None:
        raise NotFound(NO_SUCH)
    require_change(before, person)
    if _has_part(before, words.id):
        return shown_to(shelf, before, person)
    rules.require_version(before, target.expected_version)
    with shelf.files.receiving(chunks, shelf.largest_file) as received, ExitStack() as unless_added:
        part = file_part(words, _described(received, name), shelf.vocabulary)
        with shelf.db.write() as conn:
            after = _add(conn, target, part, person, now)
            files.keep(conn)
            unless_added.callback(_let_go, shelf, received.stored.sha256)
            # Where the form was sent before, with another file, that one stays.
            if files.refers(conn, target.resource_id, received.stored.sha256):
                received.keep()
        unless_added.pop_all()
    return shown_to(shelf, after, person)


def remove_part(shelf: Shelf, target: Target, *, part_id: str, person: Person, now: datetime) -> Shown:
    with shelf.db.write() as conn:
        before = found_to_change(conn, target.resource_id, person)
        after = before
        if _has_part(before, part_id):
            rules.require_version(before, target.expected_version)
            after = rules.remove_part(before, part_id, now)
            save(conn, before, after, did=(person, "removed a part"), now=now)
    return shown_to(shelf, after, person)


def _add(conn: Connection, target: Target, part: Part, person: Person, now: datetime) -> Resource:
    before = found_to_change(conn, target.resource_id, person)
    if _has_part(before, part.id):
        return before
    if any(part.id == other.id for edition in before.published for other in edition.parts):
        raise Conflict("This form was already used for an earlier edition. Open the page again and send it once more.")
    rules.require_version(before, target.expected_version)
    after = rules.add_part(before, part, now)
    save(conn, before, after, did=(person, "added a part"), now=now)
    return after


def _described(received: Received, name: str) -> File:
    with received.open() as file:
        kind = identify(file, name)
    stored = received.stored
    return File(clean_file_name(name, kind.extension), kind.media_type, stored.sha256, stored.size)


def _let_go(shelf: Shelf, sha256: str) -> None:
    # The person reads why the file was refused; that the disk or database is full too is told by the next call.
    with suppress(Refusal), shelf.db.write() as conn:
        files.release(conn, [sha256])


def _has_part(resource: Resource, part_id: str) -> bool:
    return resource.draft is not None and any(part.id == part_id for part in resource.draft.parts)
