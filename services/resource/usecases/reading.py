"""Reading the shelf: one resource, its files, the drafts, who uses it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from services.common.access import Person
from services.common.errors import NotFound
from services.resource.domain.adoption import Adoption
from services.resource.domain.parts import File, Part
from services.resource.domain.resource import Resource, State
from services.resource.domain.rights import NO_SUCH, may_change, may_see
from services.resource.messages.shown import Shown
from services.resource.store import adoptions, resources, tombstones
from services.resource.usecases.shelf import Shelf, shown_to

SHOWN_ADOPTIONS = 50
Before = tuple[datetime, str]


def get(shelf: Shelf, resource_id: str, person: Person | None) -> tuple[Shown, list[Adoption]]:
    with shelf.db.read() as conn:
        resource = _visible(conn, resource_id, person)
        # Who uses it is told to members, at most of the region; the public sees how many.
        using = adoptions.of_resource(conn, resource_id, None, SHOWN_ADOPTIONS) if person else []
    return shown_to(shelf, resource, person), using


def list_adoptions(
    shelf: Shelf, resource_id: str, *, person: Person, before: Before | None, limit: int
) -> list[Adoption]:
    with shelf.db.read() as conn:
        _visible(conn, resource_id, person)
        return adoptions.of_resource(conn, resource_id, before, limit)


def list_drafts(shelf: Shelf, *, person: Person, before: Before | None, limit: int) -> list[Shown]:
    with shelf.db.read() as conn:
        found = resources.unpublished(conn, person, before, limit)
    return [shown_to(shelf, resource, person) for resource in found]


@dataclass(frozen=True)
class Download:
    part: Part
    chunks: Iterator[bytes]


def download(shelf: Shelf, resource_id: str, *, part_id: str, person: Person | None) -> Download:
    with shelf.db.read() as conn:
        resource = _visible(conn, resource_id, person)
    part = _readable_part(resource, part_id, person)
    file = _file_of(part)
    try:
        return Download(part, shelf.files.read(file.sha256))
    except FileNotFoundError as error:
        raise NotFound(
            "This file is still on its way from the node that shared it. Please try again in a minute."
            if resource.origin_node_id
            else "This file is missing on this node's disk. Please tell the operator; a backup will have it."
        ) from error


@dataclass(frozen=True)
class Described:
    adoption: Adoption
    title: str
    author_ids: tuple[str, ...]


def describe_adoption(shelf: Shelf, adoption_id: str) -> Described:
    """For a mail: what was adopted, and whom of this node to tell."""
    with shelf.db.read() as conn:
        adoption = adoptions.find(conn, adoption_id)
        resource = resources.find(conn, adoption.resource_id) if adoption else None
    if adoption is None or resource is None:
        raise NotFound("There is no such adoption any more.")
    return Described(adoption, resource.words.title, (resource.author_id,) if resource.author_id else ())


def _visible(conn: Connection, resource_id: str, person: Person | None) -> Resource:
    resource = resources.find(conn, resource_id)
    if resource is None and person is not None and tombstones.stands(conn, resource_id):
        raise NotFound("The node that shared this took it back. It can no longer be read here.")
    if resource is None or not may_see(resource, person):
        raise NotFound(NO_SUCH)
    return resource


def _readable_part(resource: Resource, part_id: str, person: Person | None) -> Part:
    changing = may_change(resource, person)
    editions = resource.editions if changing else resource.published
    if resource.state is State.WITHDRAWN and not changing:
        editions = ()
    for edition in reversed(editions):
        for part in edition.parts:
            if part.id == part_id:
                return part
    raise NotFound("There is no such part any more. Open the resource again to see what it has now.")


def _file_of(part: Part) -> File:
    if part.file is None:
        raise NotFound("This part is a link, not a file. Follow it from the resource's page.")
    return part.file
