"""The loop that sends: compares heads once after each start, then entries, heads and files that the hub lacks."""

import logging
import time
from collections.abc import Iterator

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import door_pb2_grpc
from services.common.errors import Conflict, Invalid, NotFound, Refusal
from services.common.rpc_errors import Away
from services.federation.domain.faults import Forged
from services.federation.domain.registry import PROTOCOL
from services.federation.gate import SigningGate
from services.federation.store.files import FileRef
from services.federation.sync.link import Link
from services.federation.sync.pauses import Pauses
from services.federation.this_node import ThisNode
from services.federation.usecases import exchanging

log = logging.getLogger(__name__)
_CALL_S = 20.0
_COMPARE_EVERY_S = 300.0
_FILE_S = 300.0
_LOOK_AGAIN_S = 60.0
_NOT_JOINED_S = 300.0
_CHUNK = 256 * 1024


class Publishing:
    def __init__(self, node: ThisNode, link: Link, gate: SigningGate) -> None:
        self._node = node
        self._link = link
        self._gate = gate
        self._pauses = Pauses()
        # What the hub was told in this run: heads by stream, and files of entries up to a number.
        self._told: dict[str, bytes] = {}
        self._files_up_to = 0
        # Our entries up to this number are at the hub, so that it takes the files they name.
        self._there_up_to = 0
        self._began = False
        self._compare_at = 0.0

    def step(self) -> float:
        """Sends all there is; returns the seconds to wait."""
        door = self._link.door()
        if door is None:
            return _NOT_JOINED_S
        try:
            if not self._gate.is_open or time.monotonic() >= self._compare_at:
                self._compare(door)
            stopped = self._publish_all(door)
            self._send_files(door)
        except Forged as forged:
            # The hub's list of nodes cannot be believed; whatever else fails the link has noted already.
            self._link.note(forged.sentence)
            self._began = False
            return self._pauses.longer()
        except (Refusal, Away):
            # The next step begins with the hub's own cursors again.
            self._began = False
            return self._pauses.longer()
        self._pauses.reset()
        return _LOOK_AGAIN_S * 5 if stopped else _LOOK_AGAIN_S

    def begin_again(self) -> None:
        """The hub was away: it may have been restored from a backup, and lack what it had."""
        self._began = False

    def _compare(self, door: door_pb2_grpc.DoorStub) -> None:
        """At each start, and now and then: does the hub's view of our streams lie in what we hold?"""
        with self._node.db.read() as conn:
            version = exchanging.registry_version(conn)
        request = pb.HeadsRequest(registry_version=version, protocol=PROTOCOL)
        answer = self._link.call(door.Heads, request, _CALL_S)
        reached = self._link.call(door.Publish, pb.PublishRequest(), _CALL_S).cursors
        alarm = exchanging.compare_with_hub(self._node, answer, reached)
        self._compare_at = time.monotonic() + _COMPARE_EVERY_S
        self._began = False
        if alarm:
            log.error("signing stays shut: the heads that the hub shows are not in what this node holds")
            self._gate.shut(alarm)
        elif not self._gate.is_open:
            self._gate.open()

    def _publish_all(self, door: door_pb2_grpc.DoorStub) -> bool:
        """Returns whether the hub stopped one of our streams."""
        if not self._began:
            # It may be another hub than before, restored from a backup: it is told all and asked for all.
            self._told.clear()
            self._files_up_to = 0
            exchanging.note_published(self._node, self._link.call(door.Publish, pb.PublishRequest(), _CALL_S))
            self._began = True
        while True:
            with self._node.db.read() as conn:
                batch = exchanging.next_batch(conn, self._node.id, self._told)
            if not (batch.request.entries or batch.request.heads):
                self._there_up_to = batch.newest
                return False
            stopped = exchanging.note_published(self._node, self._link.call(door.Publish, batch.request, _CALL_S))
            self._told.update(exchanging.by_stream(batch.request.heads))
            if stopped:
                return True

    def _send_files(self, door: door_pb2_grpc.DoorStub) -> None:
        while True:
            with self._node.db.read() as conn:
                refs = exchanging.files_between(conn, self._node.id, self._files_up_to, self._there_up_to)
            if not refs:
                return
            request = pb.MissingFilesRequest(sha256=sorted({ref.sha256 for ref in refs}))
            missing = {each.sha256: each.held for each in self._link.call(door.MissingFiles, request, _CALL_S).missing}
            for ref in refs:
                if ref.sha256 in missing:
                    self._send(door, ref, missing.pop(ref.sha256))
            self._files_up_to = refs[-1].number

    def _send(self, door: door_pb2_grpc.DoorStub, ref: FileRef, offset: int) -> None:
        if not self._node.relay.has(ref.sha256):
            log.warning("a file of ours is not in the relay folder", extra={"number": ref.number})
            return
        try:
            self._link.call(door.PutFile, self._pieces(ref, offset), _FILE_S)
        except Conflict:
            # Another connection of ours was cut and the hub has not seen it yet.
            raise Away("the hub is still receiving this file") from None
        except (NotFound, Invalid):
            # This one alone: it was withdrawn meanwhile, is too large for the hub, or was damaged here or on the way.
            log.warning("the hub does not take a file of ours", extra={"number": ref.number})

    def _pieces(self, ref: FileRef, offset: int) -> Iterator[pb.PutFileRequest]:
        yield pb.PutFileRequest(sha256=ref.sha256, size=ref.size, offset=offset)
        for chunk in self._node.relay.read(ref.sha256, offset):
            yield pb.PutFileRequest(chunk=chunk)
