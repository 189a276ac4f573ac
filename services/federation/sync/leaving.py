"""The loop of a county that was told to leave: withdraws, lets what waits reach the hub, then tells it."""

import logging

from fosse.federation.v1 import door_pb2 as pb
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.federation.domain.standing import Enrolment
from services.federation.gate import SigningGate
from services.federation.store import standing
from services.federation.sync.link import Link
from services.federation.sync.pauses import Pauses
from services.federation.this_node import ThisNode
from services.federation.usecases import exchanging, leaving, signing

log = logging.getLogger(__name__)
_CALL_S = 20.0
_LOOK_AGAIN_S = 1.0
_NOT_LEAVING_S = 300.0


class Leaving:
    def __init__(self, node: ThisNode, link: Link, gate: SigningGate) -> None:
        self._node = node
        self._link = link
        self._gate = gate
        self._pauses = Pauses()

    def step(self) -> float:
        """What comes next, if this node was told to leave; returns the seconds to wait."""
        with self._node.db.read() as conn:
            known = standing.get(conn)
            on_its_way = exchanging.is_on_its_way(conn, self._node.id)
        if known is not None and known.state is Enrolment.WITHDRAWING:
            return self._withdraw()
        if known is None or known.state is not Enrolment.LEAVING:
            return _NOT_LEAVING_S
        # Whose entries the region does not take need not wait for that.
        wait = on_its_way and not signing.cannot_sign(self._node, self._node.clock())
        return _LOOK_AGAIN_S if wait else self._leave()

    def _withdraw(self) -> float:
        now = self._node.clock()
        if not self._gate.is_open or signing.cannot_sign(self._node, now):
            return _LOOK_AGAIN_S
        with self._node.db.only_one("signing") as mine:
            if not mine:
                return _LOOK_AGAIN_S
            while leaving.withdraw_some(self._node, now):
                pass
            leaving.note_withdrawn(self._node)
        return 0.0

    def _leave(self) -> float:
        door = self._link.door()
        if door is None:
            return _LOOK_AGAIN_S
        try:
            answer = self._link.call(door.Leave, pb.LeaveRequest(), _CALL_S)
            leaving.note_left(self._node, answer, self._node.clock())
        except (Refusal, Away):
            return self._pauses.longer()
        self._pauses.reset()
        log.info("left the region")
        return _NOT_LEAVING_S
