"""What leaves this node: an item as it stands, in the shape that travels."""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import Message
from sqlalchemy import Connection

from services.common.errors import NotFound
from services.resource.domain.adoption import Adoption, reach
from services.resource.domain.audience import Audience
from services.resource.domain.parts import File
from services.resource.domain.resource import Resource, State
from services.resource.messages import travelling
from services.resource.store import adoptions, resources
from services.resource.usecases.shelf import Shelf

_NOTHING = "There is no such item of this node that other nodes may read."


@dataclass(frozen=True)
class Travelling:
    """An item of this node; without a body it is no longer to be seen elsewhere."""

    id: str
    version: int
    community_id: str
    audience: Audience | None
    node_ids: tuple[str, ...]
    schema: str
    body: Message | None = None
    files: tuple[File, ...] = ()


def read_shared(shelf: Shelf, item_id: str) -> Travelling:
    with shelf.db.read() as conn:
        resource = resources.find(conn, item_id)
        if resource is not None:
            return _resource(resource)
        adoption = adoptions.find(conn, item_id)
        if adoption is not None:
            return _adoption(conn, adoption)
    raise NotFound(_NOTHING)


def read_shared_file(shelf: Shelf, item_id: str, sha256: str) -> Iterator[bytes]:
    with shelf.db.read() as conn:
        resource = resources.find(conn, item_id)
    if resource is None or sha256 not in {file.sha256 for file in _resource(resource).files}:
        raise NotFound(_NOTHING)
    return shelf.files.read(sha256)


def _resource(of: Resource) -> Travelling:
    if not of.own or not of.travelled:
        raise NotFound(_NOTHING)
    bare = Travelling(of.id, of.version, of.community_id, of.audience, of.node_ids, travelling.RESOURCE)
    if of.state is not State.PUBLISHED or not of.audience.travels:
        return bare
    files = {part.file.sha256: part.file for edition in of.published for part in edition.parts if part.file}
    return Travelling(
        of.id, of.version, of.community_id, of.audience, of.node_ids, travelling.RESOURCE,
        travelling.resource_body(of), tuple(files.values()),
    )  # fmt: skip


def _adoption(conn: Connection, of: Adoption) -> Travelling:
    if of.node_id or not of.travelled:
        raise NotFound(_NOTHING)
    resource = resources.find(conn, of.resource_id)
    to = reach(resource)
    community_id = resource.community_id if resource else ""
    return Travelling(
        of.id, of.version, community_id, to.audience, to.node_ids, travelling.ADOPTION,
        travelling.adoption_body(of, to) if to.audience else None,
    )  # fmt: skip
