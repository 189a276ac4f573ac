"""The door as a part of the service: a `grpc.aio` server on a thread of its own."""

import asyncio
import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc

from fosse.federation.v1 import door_pb2_grpc
from services.federation import authority
from services.federation.door.bounded import Bounded
from services.federation.door.servicer import Door, News
from services.federation.this_node import ThisNode

log = logging.getLogger(__name__)
_THREADS = 4
_DRAIN_S = 2.0
_OPTIONS = (
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    ("grpc.so_reuseport", 0),
    # Of one connection, those taken back included; its node may make half as many (MOST_AT_ONCE).
    ("grpc.max_concurrent_streams", 32),
    # A county behind a home router keeps its waiting call alive.
    ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
_LARGEST_FLOOD = 2_000
"""Calls at once, waiting ones included."""


class DoorServer:
    def __init__(self, node: ThisNode, listen: str, hosts: list[str], schemas: frozenset[str]) -> None:
        self._node = node
        self._listen = listen
        self._hosts = hosts
        self._schemas = schemas
        self._news = News()
        self._ready: Future[int] = Future()
        self._ended: asyncio.Event | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="federation-door", daemon=True)
        self.port = 0

    def start(self) -> None:
        """Raises `OSError` with a sentence when the port cannot be had."""
        self._thread.start()
        self.port = self._ready.result(timeout=15)
        for what in ("entries", "registry"):
            self._node.db.when(what, self._news.tell)

    def stop(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end)
            self._thread.join(10)

    def _end(self) -> None:
        if self._ended:
            self._ended.set()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        except (OSError, RuntimeError) as fault:
            log.exception("the door failed", exc_info=fault)
            if not self._ready.done():
                sentence = f"Cannot listen on {self._listen} for other nodes. Is another process using it?"
                self._ready.set_exception(OSError(sentence))
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._ended = asyncio.Event()
        self._news.begin()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="federation-door") as threads:
            server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_LARGEST_FLOOD)
            door = Door(self._node, threads, self._news, self._schemas)
            bounded: Any = Bounded(server)
            door_pb2_grpc.add_DoorServicer_to_server(door, bounded)
            port = server.add_secure_port(self._listen, self._credentials())
            await server.start()
            self._ready.set_result(port)
            await self._ended.wait()
            self._news.end()
            await server.stop(_DRAIN_S)

    def _credentials(self) -> grpc.ServerCredentials:
        own = self._node.authority
        assert own  # only a hub has a door
        request = self._node.keys.certificate_request()
        certificate = own.server_certificate(request, self._hosts, self._node.clock())
        pair = (self._node.keys.tls_pem, authority.pem_of(certificate))
        return grpc.ssl_server_credentials([pair], root_certificates=own.pem, require_client_auth=True)
