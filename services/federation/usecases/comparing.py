"""Before anything is signed: does the hub hold more of our streams than we do?"""

from collections.abc import Iterable

from sqlalchemy import Connection

from fosse.federation.v1 import door_pb2, entry_pb2
from services.federation.domain import heads
from services.federation.domain.chain import NOTHING, HeadView, check_head
from services.federation.domain.entries import LARGEST_NUMBER
from services.federation.domain.faults import Forged
from services.federation.store import entries, registries
from services.federation.store import streams as kept

LOST = (
    "The hub holds entries of this node that this node does not: it was probably restored from an old backup. Nothing "
    "is signed or shared until they are back, and nothing at the hub is lost. Restore the latest backup, or ask the "
    "hub's operator."
)


def is_beyond(conn: Connection, node_id: str, cursors: Iterable[door_pb2.Cursor]) -> bool:
    """Whether the hub holds entries of ours that we do not: a head may have been lost where its entries were not."""
    places = {(node_id, one.stream, one.epoch, min(one.seq, LARGEST_NUMBER)) for one in cursors if one.seq}
    return bool(places - entries.hashes(conn, places).keys())


def compare(conn: Connection, node_id: str, signed: Iterable[entry_pb2.SignedHead]) -> str:
    """Empty when every head that the hub shows of our streams lies in what we hold; else what to do."""
    held = registries.newest(conn)
    own = held.registry.node(node_id) if held else None
    if own is None:
        return "The hub's list of nodes does not name this node. Ask the hub's operator."
    copies = {copy.stream: copy for copy in kept.of_node(conn, node_id)}
    for head in signed:
        try:
            said = heads.read_head(head)
            if said.node != node_id:
                continue
            heads.verify_head(head, own)
        except Forged:
            return "The hub shows a head as ours that we did not sign. Nothing is signed; ask the hub's operator."
        position = copies[said.stream].position if said.stream in copies else NOTHING
        place = (node_id, said.stream, said.epoch, said.seq)
        view = check_head(position, said, held_hash=entries.hashes(conn, [place]).get(place))
        if view not in (HeadView.AGREES, HeadView.OLDER):
            return LOST
    return ""
