"""The door for federation: figures go out to the hub, and come in there from the counties. They have no files."""

from collections.abc import Iterator
from typing import Any

from fosse.common.v1 import audience_pb2, shareable_pb2_grpc
from fosse.common.v1 import shareable_pb2 as pb
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import NotFound
from services.evaluation.messages import travelling
from services.evaluation.usecases import taking, telling


class Shareable(shareable_pb2_grpc.ShareableServicer):
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def ReadShared(self, request: pb.ReadSharedRequest, context: Any) -> pb.ReadSharedResponse:
        item, hub_id = telling.read_told(self._db, request.item_id)
        return pb.ReadSharedResponse(
            item_id=item.item_id,
            version=item.version,
            community_id=item.cell.community_id,
            audience=audience_pb2.AUDIENCE_NAMED_NODES,
            node_ids=[hub_id],
            schema=travelling.AGGREGATE,
            body=travelling.body(item).SerializeToString(deterministic=True),
        )

    def ReadSharedFile(self, request: pb.ReadSharedFileRequest, context: Any) -> Iterator[pb.ReadSharedFileResponse]:
        raise NotFound("Figures have no files.")

    def TakeEntries(self, request: pb.TakeEntriesRequest, context: Any) -> pb.TakeEntriesResponse:
        results = taking.take_entries(self._db, request.entries, self._clock())
        return pb.TakeEntriesResponse(
            results=[
                pb.EntryResult(entry_hash=entry.entry_hash, taken=result.taken, reason=result.reason)
                for entry, result in zip(request.entries, results, strict=True)
            ]
        )

    def TakeFile(self, requests: Iterator[pb.TakeFileRequest], context: Any) -> pb.TakeFileResponse:
        return pb.TakeFileResponse(kept=False)
