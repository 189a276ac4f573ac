"""Calls to the other services of this node: a deadline, the caller's name, and refusals as they were raised.

Channels are made on first use, so that a server that forks makes them after the fork.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from services.common.rpc import MESSAGE_BYTES, PASS
from services.common.rpc_errors import Away
from services.common.statuses import refusal_of
from services.common.wires import WORKLOAD, Wires

if TYPE_CHECKING:
    from services.common.tracing import Tracer

S = TypeVar("S")
# A call as grpc makes it, and the generation of wires that its connection belongs to.
Made = tuple[int, Any]
Make = Callable[[grpc.Channel], Any]
_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.initial_reconnect_backoff_ms", 100),
    # How long one attempt to connect may take: a busy machine is no service that is down.
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A container that was started anew has another address; the name is asked again at once, not after half a minute.
    ("grpc.dns_min_time_between_resolutions_ms", 500),
    ("grpc.enable_retries", 0),
)
PAGE_S = 2.0


def with_pass(token: str) -> tuple[tuple[str, str], ...]:
    """The metadata that makes a call on behalf of a person: `stub.GetMe(request, metadata=with_pass(token))`."""
    return ((PASS, token),) if token else ()


class Channels:
    """Connections of one workload to the services of its node, by name."""

    def __init__(self, wires: Wires, workload: str, tracer: "Tracer | None" = None) -> None:
        self.wires = wires
        self._tracer = tracer
        self._own = ((WORKLOAD, workload),)
        self._channels: dict[str, tuple[int, grpc.Channel]] = {}
        self._stubs: dict[tuple[str, str, float], Any] = {}
        self._lock = threading.Lock()
        self._closed = False

    def stub(self, make: Callable[[Any], S], service: str, deadline_s: float = PAGE_S) -> S:
        """A stub whose calls end after `deadline_s` unless told otherwise.

        Its calls raise the refusal that the other side raised, `Away` when it does not answer in time.
        """
        key = (service, getattr(make, "__qualname__", repr(make)), deadline_s)
        found = self._stubs.get(key)
        if found is None:
            calling = _Calling(partial(self._call, service), self._own, deadline_s, self._tracer)
            found = self._stubs[key] = make(calling)
        stub: S = found
        return stub

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for _, channel in self._channels.values():
                channel.close()
            self._channels.clear()
            self._stubs.clear()

    def _call(self, service: str, make: Make, before: Made) -> Made:
        """`before` while its connection is of today, else `make` of a new one; the old closes with its last call.

        Under the lock, because what is made on a channel just closed ends the whole process (grpcio 1.85).
        """
        with self._lock:
            if self._closed:
                raise Away("closed")
            now = self.wires.generation()
            channel = self._channels.get(service)
            if channel is None or channel[0] != now:
                channel = self._channels[service] = (now, self.wires.connect(service, _OPTIONS))
            return before if before[0] == now else (now, make(channel[1]))


class _Calling:
    """A channel as generated stubs see it, with our deadline, our name and our refusals on each call."""

    def __init__(
        self,
        call: Callable[[Make, Made], Made],
        own: tuple[tuple[str, str], ...],
        deadline_s: float,
        tracer: "Tracer | None",
    ) -> None:
        self._call = call
        self._tracer = tracer
        self._own = own
        self._deadline_s = deadline_s

    def unary_unary(self, method: str, **codec: Any) -> Callable[..., Any]:
        return self._traced(method, self._single(self._current("unary_unary", method, codec)))

    def stream_unary(self, method: str, **codec: Any) -> Callable[..., Any]:
        return self._traced(method, self._single(self._current("stream_unary", method, codec)))

    def unary_stream(self, method: str, **codec: Any) -> Callable[..., Any]:
        return self._traced(method, self._stream(self._current("unary_stream", method, codec)))

    def stream_stream(self, method: str, **codec: Any) -> Callable[..., Any]:
        return self._traced(method, self._stream(self._current("stream_stream", method, codec)))

    def _current(self, kind: str, method: str, codec: Mapping[str, Any]) -> Callable[[], Any]:
        """The call over the connection of its moment, so that a stub outlives a renewed certificate."""
        made: Made = (-1, None)

        def current() -> Any:
            nonlocal made
            made = self._call(lambda channel: getattr(channel, kind)(method, **codec), made)
            return made[1]

        return current

    def _traced(self, method: str, call: Callable[..., Any]) -> Callable[..., Any]:
        return self._tracer.called(method, call) if self._tracer else call

    def _single(self, current: Callable[[], Any]) -> Callable[..., Any]:
        def single(request: Any, timeout: float | None = None, metadata: Any = ()) -> Any:
            try:
                return current()(request, timeout=timeout or self._deadline_s, metadata=(*self._own, *metadata))
            except grpc.RpcError as error:
                raise _as_raised(error) from error

        return single

    def _stream(self, current: Callable[[], Any]) -> Callable[..., Any]:
        def stream(request: Any, timeout: float | None = None, metadata: Any = ()) -> Iterator[Any]:
            try:
                yield from current()(request, timeout=timeout or self._deadline_s, metadata=(*self._own, *metadata))
            except grpc.RpcError as error:
                raise _as_raised(error) from error

        return stream


def _as_raised(error: grpc.RpcError) -> Exception:
    return refusal_of(error) or error
