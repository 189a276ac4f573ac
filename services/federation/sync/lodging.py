"""Leaves signed heads of audit trails at the hub, and fetches those that it keeps of this node."""

from fosse.federation.v1 import door_pb2 as pb
from services.federation.sync.link import Link
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads

_CALL_S = 15.0


class Lodging:
    def __init__(self, node: ThisNode, link: Link) -> None:
        self._node = node
        self._link = link

    def exchange(self, compare: bool) -> bool:
        """Lodges what the hub lacks and, to `compare`, fetches all it keeps; False when this node has not joined.

        Raises a `Refusal` of the hub, or `Away`.
        """
        door = self._link.door()
        if door is None:
            return False
        while heads := audit_heads.next_to_lodge(self._node):
            request = pb.LodgeAuditHeadsRequest(heads=[head.signed for head in heads])
            self._link.call(door.LodgeAuditHeads, request, _CALL_S)
            audit_heads.note_lodged(self._node, heads)
        after, more = 0, compare
        while more:
            answer = self._link.call(door.ListLodgedHeads, pb.ListLodgedHeadsRequest(after=after), _CALL_S)
            audit_heads.keep_lodged(self._node, answer.heads, self._node.clock())
            # The hub says where to go on; one that does not go forward would have us ask for ever.
            more, after = answer.next > after, answer.next
        return True
