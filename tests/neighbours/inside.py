"""What tests read, or spoil, in a node's own database and folder."""

from sqlalchemy import select, update

from fosse.common.v1 import shareable_pb2
from services.common.clock import utc_now
from services.federation.store.tables import entries
from services.federation.this_node import ThisNode, open_node
from tests.neighbours.region import Neighbour


def this_node(neighbour: Neighbour) -> ThisNode:
    """What the neighbour's use cases are given."""
    given = neighbour.settings
    return open_node(neighbour.db, utc_now, neighbour.folder, slug=given.slug, name=given.name, hub=given.hub)


def relayed_files(neighbour: Neighbour) -> list[str]:
    return sorted(path.name for path in (neighbour.folder / "relay").glob("[0-9a-f][0-9a-f]/*"))


def contents_of_puts(neighbour: Neighbour, item: str) -> list[bytes]:
    put = entries.c.operation == shareable_pb2.OPERATION_PUT
    with neighbour.db.read() as conn:
        return list(conn.scalars(select(entries.c.content).where(entries.c.item == item, put)))


def alter_content(neighbour: Neighbour, item: str) -> None:
    (known,) = contents_of_puts(neighbour, item)
    with neighbour.db.write() as conn:
        conn.execute(update(entries).where(entries.c.item == item).values(content=known + b"!"))
