"""The door for federation: items go out in the shape that travels, entries of other nodes come in."""

from collections.abc import Iterator
from typing import Any

from fosse.common.v1 import audience_pb2, shareable_pb2_grpc
from fosse.common.v1 import shareable_pb2 as pb
from services.common.clock import Clock
from services.common.errors import Invalid
from services.resource.usecases import sharing, taking
from services.resource.usecases.shelf import Shelf


class Shareable(shareable_pb2_grpc.ShareableServicer):
    """Resources and adoptions, as federation reads and takes them."""

    def __init__(self, shelf: Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def ReadShared(self, request: pb.ReadSharedRequest, context: Any) -> pb.ReadSharedResponse:
        item = sharing.read_shared(self._shelf, request.item_id)
        return pb.ReadSharedResponse(
            item_id=item.id,
            version=item.version,
            community_id=item.community_id,
            audience=audience_pb2.Audience.ValueType(item.audience or 0),
            node_ids=item.node_ids,
            withdrawn=item.body is None,
            schema=item.schema,
            body=item.body.SerializeToString(deterministic=True) if item.body else b"",
            files=[pb.FileRef(sha256=file.sha256, size=file.size) for file in item.files],
        )

    def ReadSharedFile(self, request: pb.ReadSharedFileRequest, context: Any) -> Iterator[pb.ReadSharedFileResponse]:
        for chunk in sharing.read_shared_file(self._shelf, request.item_id, request.sha256):
            yield pb.ReadSharedFileResponse(chunk=chunk)

    def TakeEntries(self, request: pb.TakeEntriesRequest, context: Any) -> pb.TakeEntriesResponse:
        results = taking.take_entries(self._shelf, request.entries, self._clock())
        return pb.TakeEntriesResponse(
            results=[
                pb.EntryResult(entry_hash=entry.entry_hash, taken=result.taken, reason=result.reason)
                for entry, result in zip(request.entries, results, strict=True)
            ]
        )

    def TakeFile(self, requests: Iterator[pb.TakeFileRequest], context: Any) -> pb.TakeFileResponse:
        first = next(requests, None)
        if first is None:
            raise Invalid("No file was named.")
        kept = taking.take_file(self._shelf, item=first.item_id, sha256=first.sha256, chunks=_chunks(first, requests))
        return pb.TakeFileResponse(kept=kept)


def _chunks(first: pb.TakeFileRequest, others: Iterator[pb.TakeFileRequest]) -> Iterator[bytes]:
    yield first.chunk
    for request in others:
        yield request.chunk
