"""A county leaves its region: withdraws what it shared where that is asked, and the hub's list then says that it left.

Nothing is lost on the way: what the county says waits in its standing, so that it leaves when the hub answers again,
also after a restart. Others keep what they hold, marked; what was withdrawn is gone there. It may join again with a new
code, and is then the node it was.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import door_pb2, entry_pb2
from services.common import audit
from services.common.access import Person
from services.common.errors import Conflict, NotAllowed
from services.federation.domain.registry import timestamp_of
from services.federation.domain.sharing import moves
from services.federation.domain.standing import Enrolment, Standing
from services.federation.store import entries, items, registries
from services.federation.store import standing as rows
from services.federation.store.to_sign import ToSign
from services.federation.this_node import ThisNode
from services.federation.usecases import signing, standing
from services.federation.usecases.signing import Prepared

AT_ONCE = 100


# At a county.


def begin(node: ThisNode, *, withdraw: bool, who: Person | str, now: datetime) -> None:
    """Notes the wish; a loop carries it out. Asked again, it may add that what was shared is withdrawn."""
    if node.is_hub:
        raise Conflict("This node is the region's hub, which cannot leave it. Nothing was changed.")
    with node.db.read() as conn:
        (rows.get(conn) or Standing(node.id)).may_leave()
    if withdraw and (reason := signing.cannot_sign(node, now)):
        raise Conflict(f"Nothing can be withdrawn just now. {reason} Without --withdraw the county can leave.")
    with node.db.write() as conn:
        known = rows.get(conn)
        assert known is not None  # written at the first start, before any call is served
        known.may_leave()
        wanted = Enrolment.WITHDRAWING if withdraw else Enrolment.LEAVING
        if known.state in (wanted, Enrolment.WITHDRAWING):
            return
        rows.save(conn, replace(known, state=wanted))
        audit.add(conn, who, "asked to leave the region", node.id, now)


def withdraw_some(node: ThisNode, now: datetime) -> bool:
    """Signs the withdrawal of some that stand elsewhere; returns whether there were any. Who calls holds the lock."""
    with node.db.read() as conn:
        prepared = []
        for item in items.standing(conn, AT_ONCE):
            put = entries.newest_put(conn, item)
            community = entry_pb2.EntryHeader.FromString(put.entry.header).community if put else ""
            shared = shareable_pb2.ReadSharedResponse(item_id=item, community_id=community, withdrawn=True)
            said = tuple(moves(0, (), items.placements(conn, item)))
            prepared.append(Prepared(ToSign(item, "", 0), shared, said, {}))
    if not prepared:
        return False
    for sha256 in signing.sign(node, prepared, now):
        node.relay.drop(sha256)
    return True


def note_withdrawn(node: ThisNode) -> None:
    """All that stood elsewhere is withdrawn; it has yet to reach the hub."""
    with node.db.write() as conn:
        known = rows.get(conn)
        if known and known.state is Enrolment.WITHDRAWING:
            rows.save(conn, replace(known, state=Enrolment.LEAVING))


def note_left(node: ThisNode, answer: door_pb2.LeaveResponse, now: datetime) -> None:
    """The hub has heard it; raises `Forged` when its list of nodes does not hold."""
    with node.db.write() as conn:
        standing.take_registry(conn, answer.registry)
        known = rows.get(conn)
        assert known is not None  # as above
        rows.save(conn, replace(known, state=Enrolment.LEFT, certificate=b"", door_address="", problem=""))
        audit.add(conn, "federation", "left the region", node.id, now)


# At the hub.


def take_leave(node: ThisNode, spki: bytes) -> door_pb2.LeaveResponse:
    """Also for who left already and did not hear the answer."""
    now = node.clock()
    with node.db.write() as conn:
        held = registries.newest(conn)
        peer = held.registry.node_of_certificate(spki) if held else None
        if held is None or peer is None or peer.hub or not (peer.may_read or peer.has_left):
            raise NotAllowed("The hub does not let this node leave by itself. Ask the hub's operator.")
        if not peer.has_left:
            standing.change_registry(conn, node.signer, lambda nodes: _mark(nodes, peer.id, now), now)
            audit.add(conn, "node", "left the region", peer.id, now)
            held = registries.newest(conn)
            assert held is not None  # signed two lines above
        return door_pb2.LeaveResponse(registry=held.signed)


def _mark(nodes: Iterable[entry_pb2.RegisteredNode], node_id: str, now: datetime) -> None:
    for each in nodes:
        if each.id == node_id:
            each.status = entry_pb2.NODE_STATUS_LEFT
            each.left_at.CopyFrom(timestamp_of(now))
