"""The loop that gets the files of entries that came: from the hub, each taken up where it stopped."""

import logging
import time

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import door_pb2_grpc
from services.common.errors import Invalid, NotFound, Refusal, TooMany
from services.common.rpc_errors import Away
from services.federation.store import files
from services.federation.store.files import FileRef
from services.federation.sync.link import Link
from services.federation.sync.pauses import Pauses
from services.federation.this_node import ThisNode

log = logging.getLogger(__name__)
_FILE_S = 300.0
_AT_ONCE = 1000
_LOOK_AGAIN_S = 30.0
_NOT_JOINED_S = 300.0
_FIRST_PAUSE_S = 0.25
_LONGEST_PAUSE_S = 30.0
Wanted = tuple[str, int]
"""A file by hash and size: should two entries not agree about the size, the false one must not stop the true one."""


class Downloading:
    def __init__(self, node: ThisNode, link: Link) -> None:
        self._node = node
        self._link = link
        self._pauses = Pauses()
        # Files that the hub has not received yet: when to ask again.
        self._later: dict[Wanted, tuple[float, float]] = {}

    def step(self) -> float:
        """Gets what it can; returns the seconds to wait."""
        door = self._link.door()
        if door is None:
            return _NOT_JOINED_S
        with self._node.db.read() as conn:
            wanted = files.missing(conn, _AT_ONCE)
        try:
            for ref in wanted:
                if self._is_time(ref):
                    self._get(door, ref)
        except TooMany as full:
            self._link.note(full.sentence)
            return self._pauses.longer()
        except (Refusal, Away):
            return self._pauses.longer()
        self._pauses.reset()
        self._later = {key: self._later[key] for key in map(_key, wanted) if key in self._later}
        return self._until_next()

    def _until_next(self) -> float:
        """Seconds until the hub is asked again for a file that it did not have."""
        first = min((at for at, _ in self._later.values()), default=None)
        return _LOOK_AGAIN_S if first is None else max(first - time.monotonic(), 0.05)

    def _is_time(self, ref: FileRef) -> bool:
        return _key(ref) not in self._later or time.monotonic() >= self._later[_key(ref)][0]

    def _get(self, door: door_pb2_grpc.DoorStub, ref: FileRef) -> None:
        try:
            if not self._node.relay.has(ref.sha256):
                self._receive(door, ref)
        except NotFound:
            # The entry came before its file; the origin is still sending it.
            self._put_off(ref)
            return
        except Invalid:
            log.warning("a file that came is not the one its entry names", extra={"number": ref.number})
            self._put_off(ref)
            return
        self._later.pop(_key(ref), None)
        with self._node.db.write() as conn:
            files.note_held(conn, ref.sha256)

    def _receive(self, door: door_pb2_grpc.DoorStub, ref: FileRef) -> None:
        offset = self._node.relay.held(ref.sha256)
        request = pb.GetFileRequest(sha256=ref.sha256, offset=offset)
        with self._node.relay.resume(ref.sha256, ref.size, offset) as file:
            for response in self._link.stream(lambda: door.GetFile(request, timeout=_FILE_S)):
                file.write(response.chunk)
        if not self._node.relay.has(ref.sha256):
            raise Away("the hub's answer ended early; the rest follows")

    def _put_off(self, ref: FileRef) -> None:
        _, pause = self._later.get(_key(ref), (0.0, _FIRST_PAUSE_S))
        self._later[_key(ref)] = (time.monotonic() + pause, min(pause * 2, _LONGEST_PAUSE_S))


def _key(ref: FileRef) -> Wanted:
    return ref.sha256, ref.size
