"""The door's rpcs. The event loop only waits; databases and disks are asked on a few threads of their own."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager, suppress
from typing import Any, NoReturn, TypeVar

import grpc
from grpc_status import rpc_status

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import door_pb2_grpc
from services.common.errors import Invalid, Refusal, TooMany
from services.common.statuses import status_of
from services.federation.authority import spki_of_certificate
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads, leaving, serving

log = logging.getLogger(__name__)
LONGEST_WAIT_S = 30
MOST_AT_ONCE = 16
"""Calls of one node, waiting ones included; its own software makes four."""
CLOCK = "fosse-clock"
"""Trailing metadata: what the hub's clock says, so that a county with a wrong one can tell."""
_CHUNK = 256 * 1024
T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]


class News:
    """Wakes waiting calls. Told from any thread, heard in the door's event loop."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told = asyncio.Event()
        # The door is closing: nobody waits any more.
        self.ended = False

    def begin(self) -> None:
        self._loop = asyncio.get_running_loop()

    def tell(self) -> None:
        # Should the loop close in between, nobody waits any more.
        if self._loop is not None:
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ring)

    def end(self) -> None:
        """From the event loop: whoever waits is answered now."""
        self.ended = True
        self._ring()

    def next(self) -> asyncio.Event:
        """Rings at the next news; take it before looking, so that nothing falls in between."""
        return self._told

    def _ring(self) -> None:
        self._told.set()
        self._told = asyncio.Event()


class Door(door_pb2_grpc.DoorServicer):
    def __init__(self, node: ThisNode, threads: Executor, news: News, schemas: frozenset[str]) -> None:
        self._node = node
        self._threads = threads
        self._news = news
        self._schemas = schemas
        # Calls under way by the key of the caller's certificate; touched in the event loop alone.
        self._calls = Counter[bytes]()

    async def Heads(self, request: pb.HeadsRequest, context: Context) -> pb.HeadsResponse:
        async with self._turn(context):
            return await self._answer(context, lambda spki: serving.show_heads(self._node, spki, request))

    async def Publish(self, request: pb.PublishRequest, context: Context) -> pb.PublishResponse:
        def publish(spki: bytes) -> pb.PublishResponse:
            published = serving.take_published(self._node, spki, request, self._schemas)
            for sha256 in published.taken.dropped:
                self._node.relay.drop(sha256)
            return published.response

        async with self._turn(context):
            return await self._answer(context, publish)

    async def Fetch(self, request: pb.FetchRequest, context: Context) -> pb.FetchResponse:
        until = asyncio.get_running_loop().time() + min(max(request.wait_s, 0), LONGEST_WAIT_S)
        async with self._turn(context):
            while True:
                news = self._news.next()
                found = await self._answer(context, lambda spki: serving.give_entries(self._node, spki, request))
                left = until - asyncio.get_running_loop().time()
                if found.entries or found.HasField("registry") or left <= 0 or self._news.ended:
                    return found
                await _heard(news, left)

    async def MissingFiles(self, request: pb.MissingFilesRequest, context: Context) -> pb.MissingFilesResponse:
        async with self._turn(context):
            hashes = list(request.sha256)
            return await self._answer(context, lambda spki: serving.missing_files(self._node, spki, hashes))

    async def PutFile(self, requests: AsyncIterator[pb.PutFileRequest], context: Context) -> pb.PutFileResponse:
        async with self._turn(context):
            first = await anext(aiter(requests), None)
            if first is None:
                await _refuse(context, Invalid("The file was not named."))
            sha256, size = first.sha256, first.size
            sender = await self._answer(context, lambda spki: serving.may_put(self._node, spki, sha256, size))
            return await self._guarded(context, self._receive(first, requests, sender))

    async def GetFile(self, request: pb.GetFileRequest, context: Context) -> AsyncIterator[pb.GetFileResponse]:
        sha256, offset = request.sha256, max(request.offset, 0)
        async with self._turn(context):
            await self._answer(context, lambda spki: serving.may_get(self._node, spki, sha256))
            chunks = await self._off_loop(lambda: self._node.relay.read(sha256, offset))
            while chunk := await self._off_loop(lambda: _gathered(chunks)):
                yield pb.GetFileResponse(chunk=chunk)

    async def Leave(self, request: pb.LeaveRequest, context: Context) -> pb.LeaveResponse:
        async with self._turn(context):
            return await self._answer(context, lambda spki: leaving.take_leave(self._node, spki))

    async def LodgeAuditHeads(self, request: pb.LodgeAuditHeadsRequest, context: Context) -> pb.LodgeAuditHeadsResponse:
        async with self._turn(context):
            return await self._answer(context, lambda spki: audit_heads.take_lodged(self._node, spki, request))

    async def ListLodgedHeads(self, request: pb.ListLodgedHeadsRequest, context: Context) -> pb.ListLodgedHeadsResponse:
        async with self._turn(context):
            return await self._answer(context, lambda spki: audit_heads.give_lodged(self._node, spki, request))

    async def _receive(
        self, first: pb.PutFileRequest, rest: AsyncIterator[pb.PutFileRequest], sender: str
    ) -> pb.PutFileResponse:
        relay, sha256 = self._node.relay, first.sha256
        receiving = relay.resume(sha256, first.size, first.offset, sender)
        file = await self._off_loop(receiving.__enter__)
        try:
            await self._off_loop(lambda: file.write(first.chunk))
            async for request in rest:
                chunk = request.chunk
                await self._off_loop(lambda chunk=chunk: file.write(chunk))  # type: ignore[misc]  # mypy: default argument
        except BaseException as fault:
            # What came before the connection broke stays, and is continued next time.
            receiving.__exit__(type(fault), fault, fault.__traceback__)
            raise
        await self._off_loop(lambda: receiving.__exit__(None, None, None))
        if relay.has(sha256):
            await self._off_loop(lambda: serving.note_put(self._node, sha256))
        return pb.PutFileResponse(held=file.held)

    @asynccontextmanager
    async def _turn(self, context: Context) -> AsyncIterator[None]:
        """One call of this caller. Who makes many at once is refused, and takes nothing from others."""
        spki = _spki(context)
        if self._calls[spki] >= MOST_AT_ONCE:
            await _refuse(context, TooMany("This node makes too many calls at once.", retry_after_s=5))
        self._calls[spki] += 1
        try:
            yield
        finally:
            self._calls[spki] -= 1
            if not self._calls[spki]:
                del self._calls[spki]

    async def _answer(self, context: Context, use_case: Callable[[bytes], T]) -> T:
        spki = _spki(context)
        context.set_trailing_metadata(((CLOCK, self._node.clock().isoformat()),))
        return await self._guarded(context, self._off_loop(lambda: use_case(spki)))

    async def _guarded(self, context: Context, work: Awaitable[T]) -> T:
        try:
            return await work
        except Refusal as refusal:
            await _refuse(context, refusal)

    async def _off_loop(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)


async def _refuse(context: Context, refusal: Refusal) -> NoReturn:
    await context.abort_with_status(rpc_status.to_status(status_of(refusal)))
    raise AssertionError("abort raises")


async def _heard(news: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(news.wait(), seconds)
    except TimeoutError:
        return


def _spki(context: Context) -> bytes:
    """The caller's key; the server's credentials have checked already that the certificate is of our authority."""
    certificates = context.auth_context().get("x509_pem_cert", [])
    return spki_of_certificate(next(iter(certificates), b""))


def _gathered(chunks: Iterator[bytes]) -> bytes:
    gathered = b""
    while len(gathered) < _CHUNK and (chunk := next(chunks, b"")):
        gathered += chunk
    return gathered
