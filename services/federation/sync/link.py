"""The county's connection to the hub's door, and what it says of the hub when a call fails."""

import logging
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeVar

import grpc

from fosse.federation.v1 import door_pb2_grpc
from services.common.errors import Conflict, NotFound, Refusal
from services.common.rpc_errors import Away
from services.common.statuses import refusal_of
from services.federation import authority
from services.federation.domain.standing import Standing
from services.federation.store import standing
from services.federation.sync.proxy import Proxy, channel_options
from services.federation.sync.trouble import why_no_answer
from services.federation.this_node import ThisNode

log = logging.getLogger(__name__)
CLOCK = "fosse-clock"
_CONTACT_EVERY = timedelta(seconds=5)
_CLOCK_MAY_DIFFER = timedelta(minutes=10)
_OPTIONS = (
    ("grpc.max_receive_message_length", 5 * 1024 * 1024),
    ("grpc.max_send_message_length", 5 * 1024 * 1024),
    ("grpc.initial_reconnect_backoff_ms", 200),
    # How long one attempt to connect may take: mutual TLS over a slow line is several journeys there and back.
    ("grpc.min_reconnect_backoff_ms", 10_000),
    ("grpc.max_reconnect_backoff_ms", 5_000),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.enable_retries", 0),
)
T = TypeVar("T")


class Link:
    """Shared by the loops that speak with the hub; made anew when the certificate or the address changes."""

    def __init__(self, node: ThisNode, proxy: Proxy | None) -> None:
        self._node = node
        self._proxy = proxy
        self._lock = threading.Lock()
        self._dialled: tuple[str, bytes, bytes] | None = None
        self._channel: grpc.Channel | None = None
        self._waiting: set[Any] = set()
        self._closed = False
        self._noted: datetime | None = None
        self._problem = ""
        self._lost = False
        self._when_back: list[Callable[[], None]] = []

    def door(self) -> door_pb2_grpc.DoorStub | None:
        """A stub of the hub's door; None while this node has not joined."""
        with self._node.db.read() as conn:
            known = standing.get(conn)
        if known is None or not known.exchanges:
            return None
        with self._lock:
            # A stub that is made on a channel just closed ends the whole process (grpcio 1.85), so nobody closes here.
            return None if self._closed else door_pb2_grpc.DoorStub(self._channel_to(known))

    def call(self, rpc: Any, request: Any, timeout_s: float) -> Any:
        """One call that `close` cuts short. Raises a `Refusal` of the hub or `Away`; notes how the hub stands."""
        future = rpc.future(request, timeout=timeout_s)
        with self._lock:
            self._waiting.add(future)
            if self._closed:
                future.cancel()
        try:
            response = future.result()
        except grpc.RpcError as error:
            raise self._failed(error) from error
        except grpc.FutureCancelledError as error:
            raise Away("closing") from error
        finally:
            with self._lock:
                self._waiting.discard(future)
        self._answered(future.trailing_metadata())
        return response

    def stream(self, responses: Callable[[], Iterator[T]]) -> Iterator[T]:
        """The messages of a streamed answer, with refusals as in `call`."""
        try:
            yield from responses()
        except grpc.RpcError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for future in self._waiting:
                future.cancel()
            if self._channel:
                self._channel.close()

    def _channel_to(self, known: Standing) -> grpc.Channel:
        """Under the lock."""
        wanted = (known.door_address, known.certificate, known.authority)
        if self._channel is None or self._dialled != wanted:
            if self._channel:
                self._channel.close()
            credentials = grpc.ssl_channel_credentials(
                authority.pem_of(known.authority), self._node.keys.tls_pem, authority.pem_of(known.certificate)
            )
            options = (*_OPTIONS, *channel_options(self._proxy))
            self._channel = grpc.secure_channel(known.door_address, credentials, options=options)
            self._dialled = wanted
        return self._channel

    def _failed(self, error: grpc.RpcError) -> Exception:
        reason = refusal_of(error) or Away("a fault of the hub's own")
        if self._closed:
            return reason
        if isinstance(reason, NotFound | Conflict):
            # Of one file or entry; the hub itself is well.
            return reason
        if isinstance(reason, Refusal):
            self.note(reason.sentence)
        else:
            self._lost = True
            self.note(self._why())
        return reason

    def _why(self) -> str:
        with self._node.db.read() as conn:
            known = standing.get(conn)
        if known is None or not known.exchanges:
            return ""
        return why_no_answer(known, self._node.keys.tls_pem, self._node.clock(), self._proxy)

    def _answered(self, metadata: Any) -> None:
        now = self._node.clock()
        problem = _clock_problem(dict(metadata or ()).get(CLOCK, ""), now)
        recent = self._noted is not None and now - self._noted < _CONTACT_EVERY
        if problem != self._problem or not recent:
            with self._node.db.write() as conn:
                standing.note_contact(conn, now, problem)
            self._noted, self._problem = now, problem
        if self._lost:
            self._lost = False
            for callback in self._when_back:
                callback()

    def when_back(self, callback: Callable[[], None]) -> None:
        """Calls `callback` when the hub answers again after it did not."""
        self._when_back.append(callback)

    def note(self, problem: str) -> None:
        """Shows on the status page what is in the way, until the hub answers as it should."""
        if problem == self._problem or self._closed:
            return
        with self._node.db.write() as conn:
            known = standing.get(conn)
            if known is None or not known.exchanges:
                # A call that was under way while this node left.
                return
            standing.note_problem(conn, problem)
        log.warning("the exchange with the hub is not as it should be")
        self._problem = problem


def _clock_problem(said: object, now: datetime) -> str:
    """`said`: what the hub's clock says, as it was sent."""
    try:
        difference = abs(datetime.fromisoformat(str(said)) - now)
    except (ValueError, TypeError):
        return ""
    if difference <= _CLOCK_MAY_DIFFER:
        return ""
    return (
        f"The clock of this machine and the hub's differ by {round(difference.total_seconds() / 60)} minutes. Sharing "
        "goes on for now; set this machine's clock, or tell the hub's operator."
    )
