"""The loop that hands verified entries, and then their files, to the services that own such items."""

import logging
from collections.abc import Iterator, Mapping

from fosse.common.v1 import shareable_pb2 as pb
from fosse.common.v1 import shareable_pb2_grpc
from services.common.channels import Channels
from services.common.errors import Refusal, TooMany
from services.common.rpc_errors import Away
from services.federation.domain import sealing
from services.federation.store import files
from services.federation.store.files import FileRef
from services.federation.this_node import ThisNode
from services.federation.usecases import delivering
from services.federation.usecases.delivering import Opened

log = logging.getLogger(__name__)
_TAKE_S = 5.0
_FILE_S = 60.0
_LOOK_AGAIN_S = 30.0
_BACK_OFF_S = 1.0
_FILES_AT_ONCE = 100


class Delivery:
    """`services`: which of them takes a body of which schema. A hub keeps files after that, for those who fetch."""

    def __init__(self, node: ThisNode, channels: Channels, services: Mapping[str, str]) -> None:
        self._node = node
        self._channels = channels
        self._services = services

    def step(self) -> float:
        """Hands on one parcel and what files are here; returns the seconds to wait."""
        with self._node.db.only_one("delivery") as mine:
            if not mine:
                return _LOOK_AGAIN_S
            try:
                if self._hand_entries():
                    return 0.0
                self._hand_files()
            except Away:
                return _BACK_OFF_S
            except Refusal as refusal:
                log.warning("a service refuses deliveries", extra={"kind": type(refusal).__name__})
                return _BACK_OFF_S
        return _LOOK_AGAIN_S

    def _hand_entries(self) -> bool:
        with self._node.db.read() as conn:
            parcel = delivering.next_parcel(conn, self._node.keys.sealing, self._services)
        if parcel is None:
            return False
        results = self._take(parcel.service, parcel.entries)
        with self._node.db.write() as conn:
            delivering.note_taken(conn, parcel, results, self._node.clock())
        if len(results) < len(parcel.entries):
            raise Away("a service did not answer for every entry; it is asked again")
        return True

    def _take(self, service: str, entries: list[pb.VerifiedEntry]) -> list[pb.EntryResult]:
        if not entries:
            return []
        stub = self._channels.stub(shareable_pb2_grpc.ShareableStub, service, _TAKE_S)
        try:
            return list(stub.TakeEntries(pb.TakeEntriesRequest(entries=entries)).results)
        except TooMany:
            raise
        except Refusal as refusal:
            if len(entries) > 1:
                # One of them spoils the others: each is asked for by itself.
                return [result for entry in entries for result in self._take(service, [entry])]
            return [pb.EntryResult(entry_hash=entries[0].entry_hash, taken=pb.TAKEN_REFUSED, reason=refusal.sentence)]

    def _hand_files(self) -> None:
        with self._node.db.read() as conn:
            here = files.to_give(conn, _FILES_AT_ONCE)
        for ref in here:
            if self._node.relay.has(ref.sha256):
                self._hand_file(ref)
            else:
                with self._node.db.write() as conn:
                    files.note_dropped(conn, ref.sha256)

    def _hand_file(self, ref: FileRef) -> None:
        try:
            with self._node.db.read() as conn:
                opened = delivering.open_file(conn, ref, self._node.keys.sealing, self._services)
            if opened:
                self._give(ref, opened)
        except TooMany:
            raise
        except Refusal as refusal:
            # Its service does not want it, or it does not open with the key that came: asking again changes nothing.
            log.warning("file not taken", extra={"number": ref.number, "kind": type(refusal).__name__})
        self._note_given(ref)

    def _give(self, ref: FileRef, opened: Opened) -> None:
        if opened.key:
            # To the end once, before anything is handed on: only then is it known to be whole.
            for _ in sealing.open_file(self._node.relay.read(ref.sha256), opened.key):
                pass
        stub = self._channels.stub(shareable_pb2_grpc.ShareableStub, opened.service, _FILE_S)
        kept = stub.TakeFile(self._pieces(ref, opened)).kept
        log.info("file handed on", extra={"number": ref.number, "kept": kept})

    def _pieces(self, ref: FileRef, opened: Opened) -> Iterator[pb.TakeFileRequest]:
        yield pb.TakeFileRequest(item_id=opened.item, sha256=opened.plain.sha256)
        chunks = self._node.relay.read(ref.sha256)
        for chunk in sealing.open_file(chunks, opened.key) if opened.key else chunks:
            yield pb.TakeFileRequest(chunk=chunk)

    def _note_given(self, ref: FileRef) -> None:
        with self._node.db.write() as conn:
            done = files.note_given(conn, ref) and not self._node.is_hub
            if done:
                files.note_dropped(conn, ref.sha256)
        if done:
            self._node.relay.drop(ref.sha256)
