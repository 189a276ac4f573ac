"""A tiny service whose items travel: what it shares it says as facts, what it takes it keeps in a dictionary."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fosse.common.v1 import audience_pb2, facts_pb2, shareable_pb2_grpc
from fosse.common.v1 import shareable_pb2 as pb
from services.common import facts
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import NotFound
from services.common.ids import new_id

SCHEMA = "fosse.shared.v1.Resource"
CARE_HOMES = "c" * 32


@dataclass
class Shelf(shareable_pb2_grpc.ShareableServicer):
    db: Database
    shared: dict[str, pb.ReadSharedResponse] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    # What came from others: the entry that stands, by item, and the files that followed.
    taken: dict[str, pb.VerifiedEntry] = field(default_factory=dict)
    taken_files: dict[str, bytes] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)

    def share(
        self,
        body: str,
        audience: int = audience_pb2.AUDIENCE_REGION,
        *,
        item: str = "",
        nodes: tuple[str, ...] = (),
        file: bytes = b"",
    ) -> str:
        """Publishes a new item, or the next version of one."""
        item = item or new_id()
        version = self.shared[item].version + 1 if item in self.shared else 1
        response = pb.ReadSharedResponse(
            item_id=item, version=version, community_id=CARE_HOMES, node_ids=nodes, schema=SCHEMA, body=body.encode()
        )
        response.audience = audience_pb2.Audience.ValueType(audience)
        if file:
            sha256 = hashlib.sha256(file).hexdigest()
            self.files[sha256] = file
            response.files.add(sha256=sha256, size=len(file))
        return self._say(response)

    def withdraw(self, item: str) -> None:
        known = self.shared[item]
        gone = pb.ReadSharedResponse(item_id=item, version=known.version + 1, community_id=CARE_HOMES, withdrawn=True)
        self._say(gone)

    def holds(self, item: str, body: str) -> bool:
        return item in self.taken and self.taken[item].body == body.encode()

    def _say(self, response: pb.ReadSharedResponse) -> str:
        self.shared[response.item_id] = response
        with self.db.write() as conn:
            fact = facts_pb2.ItemShared(item_id=response.item_id, version=response.version)
            facts.put(conn, fact, response.item_id, utc_now())
        return response.item_id

    def ReadShared(self, request: pb.ReadSharedRequest, context: Any) -> pb.ReadSharedResponse:
        if request.item_id not in self.shared:
            raise NotFound("There is no such item.")
        return self.shared[request.item_id]

    def ReadSharedFile(self, request: pb.ReadSharedFileRequest, context: Any) -> Iterator[pb.ReadSharedFileResponse]:
        yield pb.ReadSharedFileResponse(chunk=self.files[request.sha256])

    def TakeEntries(self, request: pb.TakeEntriesRequest, context: Any) -> pb.TakeEntriesResponse:
        return pb.TakeEntriesResponse(results=[self._take(entry) for entry in request.entries])

    def TakeFile(self, requests: Iterator[pb.TakeFileRequest], context: Any) -> pb.TakeFileResponse:
        received = list(requests)
        content = b"".join(request.chunk for request in received)
        if hashlib.sha256(content).hexdigest() == received[0].sha256:
            self.taken_files[received[0].sha256] = content
        return pb.TakeFileResponse(kept=received[0].sha256 in self.taken_files)

    def _take(self, entry: pb.VerifiedEntry) -> pb.EntryResult:
        if entry.body.decode() in self.refuses:
            return pb.EntryResult(entry_hash=entry.entry_hash, taken=pb.TAKEN_REFUSED, reason="Not wanted here.")
        if entry.operation == pb.OPERATION_PUT:
            self.taken[entry.item_id] = entry
        elif entry.item_id in self.taken and self.taken[entry.item_id].item_version <= entry.item_version:
            del self.taken[entry.item_id]
        return pb.EntryResult(entry_hash=entry.entry_hash, taken=pb.TAKEN_APPLIED)
