"""gRPC between the processes of a node: servers that know who is calling.

A unary call has a deadline, or it is refused: a caller that waits for ever is a fault of the caller. A handler that
raises a refusal answers it with its sentence; anything else is a fault of ours, told with its trace and answered
without details.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from services.common import access
from services.common.access import Caller
from services.common.database import lost
from services.common.errors import Invalid, Refusal
from services.common.passes import PassVerifier
from services.common.rpc_errors import NO_DATABASE, Away
from services.common.statuses import status_name, status_of
from services.common.wires import WORKLOAD, Wires

if TYPE_CHECKING:
    from services.common.tracing import Tracer

log = logging.getLogger(__name__)

LONGEST_S = 5.0
# Jobs and the operator's commands set deadlines of their own beyond what services wait; none waits for ever.
_LONGEST_EVER_S = 100.0
MESSAGE_BYTES = 4 * 1024 * 1024
PASS = "fosse-pass"  # noqa: S105 (the name of a metadata entry)

_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    # Of one connection, those that were taken back and not cleared away yet included: who opens and resets thousands
    # (CVE-2023-44487) takes no more than this of the places below, and others' calls are served.
    ("grpc.max_concurrent_streams", 32),
)

AddServicer = Callable[[grpc.Server], None]
# Called after each rpc with its path, its status and the seconds it took.
Observe = Callable[[str, str, float], None]
# Gives a handler that does the same within a span.
Traced = Callable[[Callable[..., Any]], Callable[..., Any]]


def unobserved(path: str, status: str, seconds: float) -> None:
    """Of a process that nobody measures."""


class Server:
    """A gRPC server of one service, with health; started by `start`, drained by `stop`."""

    def __init__(
        self,
        service: str,
        add: Sequence[AddServicer],
        wires: Wires,
        verifier: PassVerifier,
        *,
        workers: int = 16,
        shared: bool = False,
        observe: Observe = unobserved,
        tracer: "Tracer | None" = None,
    ) -> None:
        """`shared`: other processes of this service listen on the same port, and any of them answers."""
        self._server = grpc.server(
            ThreadPoolExecutor(workers, thread_name_prefix="rpc"),
            options=(*_OPTIONS, ("grpc.so_reuseport", int(shared))),
            maximum_concurrent_rpcs=workers * 8,
        )
        guarded: Any = _Guarded(self._server, verifier, wires, observe, tracer)
        for each in add:
            each(guarded)
        self._health = health.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self._listen: Callable[[], None] = lambda: wires.listen(self._server, service)

    def start(self) -> None:
        """Raises `OSError` with a sentence when the address cannot be had."""
        self._listen()
        self._server.start()
        self._health.set("", health_pb2.HealthCheckResponse.SERVING)

    def stop(self, within_s: float = 5.0) -> None:
        """New calls are refused, those under way may end."""
        self._health.enter_graceful_shutdown()
        self._server.stop(within_s).wait()


class _Guarded:
    """A server as generated code sees it: each method is wrapped as it is added; none goes without an Access option."""

    def __init__(
        self, server: grpc.Server, verifier: PassVerifier, wires: Wires, observe: Observe, tracer: "Tracer | None"
    ) -> None:
        self._server, self._observe, self._tracer = server, observe, tracer
        self._verifier = verifier
        self._wires = wires

    def add_generic_rpc_handlers(self, _handlers: object) -> None:
        """Generated code adds each method twice; the registered one is enough."""

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        wrapped = {name: self._wrap(f"/{service}/{name}", handler) for name, handler in handlers.items()}
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, wrapped),))
        self._server.add_registered_method_handlers(service, wrapped)

    def _wrap(self, path: str, handler: Any) -> Any:
        rule = access.rule_for(path)
        if rule is None or not (rule.roles or rule.services or rule.link or rule.anyone):
            raise LookupError(f"{path} states nowhere who may call it, so this server does not start")
        if fault := access.link_fault(rule, path):
            raise LookupError(f"{path} {fault}, so this server does not start")
        admitted = _Admitted(self._verifier, self._wires, path, rule)
        traced: Traced = partial(self._tracer.served, path) if self._tracer else lambda handle: handle
        return _wrapped(handler, admitted, partial(self._observe, path), traced)


class _Admitted:
    """Lets a call in, or aborts it."""

    def __init__(self, verifier: PassVerifier, wires: Wires, path: str, rule: Any) -> None:
        self._verifier = verifier
        self._wires = wires
        self._path = path
        self._rule = rule

    def check(self, context: Any, request: Any, unary: bool) -> None:
        """`request` is an iterator where the caller streams; no link opens such an rpc."""
        remaining = context.time_remaining()
        if remaining is None or (unary and remaining > _LONGEST_EVER_S):
            raise Invalid(f"A call needs a deadline of at most {_LONGEST_EVER_S:g} s.")
        if not context.is_active():
            raise Away("the caller went away")
        given = dict(context.invocation_metadata())
        token = given.get(PASS, "")
        person = self._verifier.verify(str(token)) if token else None
        context.fosse_caller = Caller(self._wires.caller(context, str(given.get(WORKLOAD, ""))), person)
        access.check(self._rule, self._path, context.fosse_caller)
        access.check_object(self._rule, context.fosse_caller, request)


def _wrapped(handler: Any, admitted: _Admitted, observe: Callable[[str, float], None], traced: Traced) -> Any:
    # As grpc names them: `unary_unary`, `unary_stream` and so on.
    shape = "_".join("stream" if many else "unary" for many in (handler.request_streaming, handler.response_streaming))
    inner = getattr(handler, shape)

    @contextmanager
    def guarded(request: Any, context: Any) -> Iterator[None]:
        began, status = time.monotonic(), "OK"
        try:
            admitted.check(context, request, unary=shape == "unary_unary")
            yield
        except Exception as error:
            status = status_name(error)
            _answer(context, error)
        finally:
            observe(status, time.monotonic() - began)

    def single(request: Any, context: Any) -> Any:
        with guarded(request, context):
            return inner(request, context)

    def stream(request: Any, context: Any) -> Iterator[Any]:
        with guarded(request, context):
            yield from inner(request, context)

    handle = traced(stream if handler.response_streaming else single)
    make = getattr(grpc, f"{shape}_rpc_method_handler")
    return make(handle, handler.request_deserializer, handler.response_serializer)


def _answer(context: Any, error: Exception) -> NoReturn:
    if isinstance(error, Refusal):
        context.abort_with_status(rpc_status.to_status(status_of(error)))
    if lost(error):
        log.warning("database away", extra={"error": type(error).__name__})
    if isinstance(error, Away) or lost(error):
        context.abort(grpc.StatusCode.UNAVAILABLE, NO_DATABASE if lost(error) else "away")
    log.exception("call failed", extra={"error": type(error).__name__}, exc_info=error)
    context.abort(grpc.StatusCode.INTERNAL, "Something went wrong on our side.")
    raise AssertionError("abort raises")
