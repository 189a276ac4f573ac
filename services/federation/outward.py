"""From a fact to a signed entry: reads what a service wants to share, fetches and seals its files, has it signed.

Facts only put an item in line (`to_sign`), so the bus never waits for the hub. A service that is away, a file that
cannot be read, a limit: the item stays in line and is tried again, and the reason stands on the status page.
"""

import logging
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime

from fosse.common.v1 import shareable_pb2 as pb
from fosse.common.v1 import shareable_pb2_grpc
from fosse.federation.v1 import entry_pb2
from services.common.channels import Channels
from services.common.errors import Invalid, NotFound, Refusal
from services.common.files import Stored
from services.common.rpc_errors import Away
from services.federation.domain import sealing, streams
from services.federation.domain.registry import Registry
from services.federation.domain.sharing import Move
from services.federation.gate import SigningGate
from services.federation.store import items, to_sign
from services.federation.store.to_sign import ToSign
from services.federation.this_node import ThisNode
from services.federation.usecases import signing
from services.federation.usecases.signing import Prepared, Written

log = logging.getLogger(__name__)
AT_ONCE = 50
_LOOK_AGAIN_S = 15.0
_BODY_S = 5.0
_FILE_S = 60.0


class Outward:
    def __init__(self, node: ThisNode, channels: Channels, gate: SigningGate) -> None:
        self._node = node
        self._channels = channels
        self._gate = gate

    def step(self) -> float:
        """Signs what is due; returns the seconds to wait."""
        now = self._node.clock()
        if not self._gate.is_open or signing.may_sign(self._node, now):
            return _LOOK_AGAIN_S
        with self._node.db.only_one("signing") as mine:
            if not mine:
                return _LOOK_AGAIN_S
            tried = self._sign_due(now)
            self._refresh_heads(now)
        return 0.0 if tried == AT_ONCE else _LOOK_AGAIN_S

    def _sign_due(self, now: datetime) -> int:
        with self._node.db.read() as conn:
            waiting = to_sign.due(conn, now, AT_ONCE)
        registry = signing.region(self._node)
        prepared = [ready for one in waiting if (ready := self._try(one, registry, now))]
        if prepared and not self._sign(prepared, now):
            # One of them cannot be signed: it must not keep the others.
            for one in prepared:
                self._sign([one], now)
        return len(waiting)

    def _sign(self, prepared: list[Prepared], now: datetime) -> bool:
        try:
            dropped = signing.sign(self._node, prepared, now)
        except Invalid as refusal:
            if len(prepared) == 1:
                self._put_off(prepared[0].asked, refusal.sentence, now)
            return False
        for sha256 in dropped:
            self._node.relay.drop(sha256)
        log.info("signed", extra={"items": len(prepared)})
        return True

    def _refresh_heads(self, now: datetime) -> None:
        with self._node.db.read() as conn:
            old = signing.has_old_heads(conn, self._node.id, now)
        if old:
            signing.sign_heads_again(self._node, now)

    def _try(self, one: ToSign, registry: Registry, now: datetime) -> Prepared | None:
        try:
            return self._prepare(one, registry)
        except NotFound:
            # A draft that was deleted, or a fact about what never left the node.
            self._leave(one)
        except Away:
            self._put_off(one, f"The service {one.service} does not answer, so its items wait to be shared.", now)
        except Refusal as refusal:
            self._put_off(one, refusal.sentence, now)
        return None

    def _leave(self, one: ToSign) -> None:
        with self._node.db.write() as conn:
            to_sign.done(conn, one.item, one.version)

    def _put_off(self, one: ToSign, problem: str, now: datetime) -> None:
        with self._node.db.write() as conn:
            to_sign.put_off(conn, one, problem, now)

    def _prepare(self, one: ToSign, registry: Registry) -> Prepared:
        stub = self._stub(one.service, _BODY_S)
        shared = stub.ReadShared(pb.ReadSharedRequest(item_id=one.item))
        signing.check_limits(registry, self._node.id, shared)
        with self._node.db.read() as conn:
            placed = items.placements(conn, one.item)
        moves = signing.plan(registry, self._node.id, shared, placed)
        puts = [move for move in moves if move.operation == pb.OPERATION_PUT]
        written = {move.stream: self._write(move, shared, one.service, registry) for move in puts}
        return Prepared(one, shared, moves, written)

    def _write(self, move: Move, shared: pb.ReadSharedResponse, service: str, registry: Registry) -> Written:
        if not streams.parse(move.stream).sealed:
            for ref in shared.files:
                self._fetch(shared.item_id, ref, service)
            return Written(shared.body, tuple(shared.files))
        receiver = signing.receiver(registry, move.stream)
        sealed = [self._seal(shared.item_id, ref, service) for ref in shared.files]
        inside = entry_pb2.SealedBody(body=shared.body, files=sealed, node=self._node.id, item=shared.item_id)
        body = sealing.seal_body(inside, receiver.sealing_key)
        return Written(body, tuple(each.sealed for each in sealed))

    def _fetch(self, item: str, ref: pb.FileRef, service: str) -> None:
        if not self._node.relay.has(ref.sha256):
            _expect(ref, self._node.relay.receive(self._read(item, ref, service), ref.size))

    def _seal(self, item: str, ref: pb.FileRef, service: str) -> entry_pb2.SealedFile:
        key = secrets.token_bytes(sealing.FILE_KEY_BYTES)
        chunks = sealing.seal_file(self._read(item, ref, service), key)
        stored = self._node.relay.receive(chunks, sealing.sealed_size(ref.size))
        return entry_pb2.SealedFile(sealed=pb.FileRef(sha256=stored.sha256, size=stored.size), plain=ref, key=key)

    def _read(self, item: str, ref: pb.FileRef, service: str) -> Iterator[bytes]:
        stub = self._stub(service, _FILE_S)
        pieces: Iterable[pb.ReadSharedFileResponse] = stub.ReadSharedFile(
            pb.ReadSharedFileRequest(item_id=item, sha256=ref.sha256)
        )
        for piece in pieces:
            yield piece.chunk

    def _stub(self, service: str, deadline_s: float) -> shareable_pb2_grpc.ShareableStub:
        return self._channels.stub(shareable_pb2_grpc.ShareableStub, service, deadline_s)


def _expect(ref: pb.FileRef, stored: Stored) -> None:
    if stored.sha256 != ref.sha256:
        raise Away("the file is not the one that was named; it is read again")
