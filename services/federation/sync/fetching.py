"""The loop that waits for others' entries: asks with its cursors, judges and stores what comes, asks again."""

import logging
import time

from fosse.federation.v1 import door_pb2 as pb
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.federation.domain.intake import StreamKey
from services.federation.sync.link import Link
from services.federation.sync.pauses import Pauses
from services.federation.this_node import ThisNode
from services.federation.usecases import exchanging

log = logging.getLogger(__name__)
_WAIT_S = 30
_DEADLINE_S = 35.0
_NOT_JOINED_S = 300.0
_TRY_STUCK_AGAIN_S = 60.0
_AT_ONCE = 500


class Fetching:
    def __init__(self, node: ThisNode, link: Link, schemas: frozenset[str]) -> None:
        self._node = node
        self._link = link
        self._schemas = schemas
        self._pauses = Pauses()
        # A stream that stands still is asked for beyond its fault, so that it does not come again at once and for ever.
        self._beyond: dict[StreamKey, tuple[int, int]] = {}
        self._until = 0.0
        # None at first and after a failure: an answer at once says that the hub is there again.
        self._wait_s = 0

    def step(self) -> float:
        """One call; returns the seconds to wait before the next."""
        door = self._link.door()
        if door is None:
            return _NOT_JOINED_S
        try:
            answer = self._link.call(door.Fetch, self._request(), _DEADLINE_S)
        except (Refusal, Away):
            self._wait_s = 0
            return self._pauses.longer()
        try:
            self._take(answer)
        except Refusal as refusal:
            # The hub's answer cannot be believed, or there is no room for it.
            self._link.note(refusal.sentence)
            return self._pauses.longer()
        self._pauses.reset()
        self._wait_s = _WAIT_S
        return 0.0

    def _request(self) -> pb.FetchRequest:
        if self._beyond and time.monotonic() >= self._until:
            self._beyond.clear()
        with self._node.db.read() as conn:
            cursors = {(each.node, each.stream): each for each in exchanging.what_we_hold(conn, self._node.id)}
            version = exchanging.registry_version(conn)
        for (node, stream), (epoch, seq) in self._beyond.items():
            cursors[node, stream] = pb.Cursor(node=node, stream=stream, epoch=epoch, seq=seq)
        return pb.FetchRequest(cursors=cursors.values(), registry_version=version, wait_s=self._wait_s, limit=_AT_ONCE)

    def _take(self, answer: pb.FetchResponse) -> None:
        fetched = exchanging.take_fetched(self._node, answer, self._schemas)
        for sha256 in fetched.taken.dropped:
            self._node.relay.drop(sha256)
        if fetched.stuck:
            if not self._beyond:
                self._until = time.monotonic() + _TRY_STUCK_AGAIN_S
            self._beyond.update(fetched.stuck)
        if fetched.taken.stored:
            log.info("fetched", extra={"entries": fetched.taken.stored})
