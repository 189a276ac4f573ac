"""Traces by OpenTelemetry: what one request set in motion, across processes and through Kafka, told to a collector.

Rpcs carry a trace's context in their metadata, facts in their row, messages in a header. Spans hold names of routes,
rpcs, topics and kinds, and how it ended; never an address, an id or words of anybody. Only processes that a setting
tells where spans go import this module; in the others nothing is wrapped around anything. A collector that does not
answer slows nobody: spans wait in a queue for it, and what does not fit is lost.
"""

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.common import version
from services.common.bus import Consumer, Handler, Message
from services.common.settings import BadSetting
from services.common.statuses import REFUSALS, status_name
from services.common.trace_context import HEADER, here, within

log = logging.getLogger(__name__)
# Told every two seconds, so many at most; a process that ends goes on telling for a few seconds where it is not heard.
_EVERY_MS = 2_000
_PATIENCE_S = 1.0
_WAITING = 2_048
Said = Mapping[str, str]
# What an exception is called that ends a span.
Outcome = Callable[[Exception], str]


class Tracer:
    """Of one process."""

    def __init__(self, process: str, collector: str) -> None:
        """Raises `BadSetting` when `collector` is no web address."""
        if urlsplit(collector).scheme not in {"http", "https"}:
            raise BadSetting(f"The setting traces is {collector!r}; it should look like http://jaeger:4318/v1/traces.")
        running = version.running()
        told = {"service.namespace": "fosse", "service.name": process, "service.version": running.version}
        self._provider = TracerProvider(resource=Resource.create(told))
        waiting = BatchSpanProcessor(_Exporter(collector), max_queue_size=_WAITING, schedule_delay_millis=_EVERY_MS)
        self._provider.add_span_processor(waiting)
        self._tracer = self._provider.get_tracer("fosse")

    def close(self) -> None:
        """Tells what waits, as far as the collector takes it."""
        self._provider.shutdown()

    @contextmanager
    def page(self, name: str, said: Said) -> Iterator[Span]:
        """A request from outside; a trace begins here, whatever the request says of one."""
        with self._span(name, SpanKind.SERVER, said, "", _type_name) as span, within(_traceparent(span)):
            yield span

    def called(self, path: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A stub's call of another service, within a span of its own."""

        def begun() -> Any:
            return self._span(path[1:], SpanKind.CLIENT, _rpc(path), here(), status_name)

        def single(request: Any, timeout: float | None = None, metadata: Any = ()) -> Any:
            with begun() as span:
                return call(request, timeout, (*metadata, (HEADER, _traceparent(span))))

        def stream(request: Any, timeout: float | None = None, metadata: Any = ()) -> Iterator[Any]:
            with begun() as span:
                yield from call(request, timeout, (*metadata, (HEADER, _traceparent(span))))

        return stream if inspect.isgeneratorfunction(call) else single

    def served(self, path: str, handle: Callable[..., Any]) -> Callable[..., Any]:
        """A server's handler, within a span that goes on with the caller's trace."""

        def begun(context: Any) -> Any:
            parent = str(dict(context.invocation_metadata()).get(HEADER, ""))
            # What leaves a handler is gRPC's own exception; what was answered stands in its context.
            return self._span(path[1:], SpanKind.SERVER, _rpc(path), parent, lambda _: _answered(context))

        def single(request: Any, context: Any) -> Any:
            with begun(context) as span, within(_traceparent(span)):
                return handle(request, context)

        def stream(request: Any, context: Any) -> Iterator[Any]:
            # Another thread may end it, so that it is not where this thread is.
            with begun(context):
                yield from handle(request, context)

        return stream if inspect.isgeneratorfunction(handle) else single

    @contextmanager
    def sent(self, topic: str, kind: str, traceparent: str) -> Iterator[str]:
        """A fact on its way to Kafka; gives what its message is to carry."""
        with self._span(f"send {topic}", SpanKind.PRODUCER, _message(topic, kind), traceparent, _type_name) as span:
            yield _traceparent(span)

    def hearing(self, consumer: Consumer) -> Consumer:
        """The consumer, handling messages that belong to a trace within spans."""
        handlers = {kind: self._heard(consumer.name, handler) for kind, handler in consumer.handlers.items()}
        return replace(consumer, handlers=handlers)

    def _heard(self, consumer: str, handler: Handler) -> Handler:
        def heard(conn: Any, message: Message, *prepared: Any) -> None:
            if not message.traceparent:
                handler(conn, message, *prepared)
                return
            said = {**_message(message.topic, message.kind), "messaging.consumer.group.name": consumer}
            name = f"process {message.topic}"
            with (
                self._span(name, SpanKind.CONSUMER, said, message.traceparent, _type_name) as span,
                within(_traceparent(span)),
            ):
                handler(conn, message, *prepared)

        return heard

    @contextmanager
    def _span(self, name: str, kind: SpanKind, said: Said, parent: str, outcome: Outcome) -> Iterator[Span]:
        span = self._tracer.start_span(name, _context(parent), kind, said)
        try:
            yield span
        except Exception as error:  # of any kind, because the span says how the work ended; raised again as it came
            # Its name only: an exception's words may quote somebody's.
            _ended(span, outcome(error))
            raise
        finally:
            span.end()


class _Exporter(OTLPSpanExporter):
    """Says once that nobody takes spans, and once that they are taken again."""

    def __init__(self, collector: str) -> None:
        super().__init__(collector, timeout=_PATIENCE_S)
        self._taken = True
        # It would say so every two seconds, for as long as it lasts.
        logging.getLogger("opentelemetry.exporter").setLevel(logging.CRITICAL)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = super().export(spans)
        taken = result is SpanExportResult.SUCCESS
        if taken != self._taken:
            log.warning("collector of traces", extra={"takes_spans": taken})
        self._taken = taken
        return result


def fault(span: Span, name: str) -> None:
    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", name)


def _ended(span: Span, outcome: str) -> None:
    # A refusal is an answer, not a fault.
    if outcome in REFUSALS:
        span.set_attribute("rpc.response.status_code", outcome)
    else:
        fault(span, outcome)


def _answered(context: Any) -> str:
    return context.code().name if context.code() else "UNKNOWN"


def _type_name(error: Exception) -> str:
    return type(error).__name__


def _rpc(path: str) -> Said:
    return {"rpc.system.name": "grpc", "rpc.method": path[1:]}


def _message(topic: str, kind: str) -> Said:
    return {"messaging.system": "kafka", "messaging.destination.name": topic, "fosse.kind": kind}


def _context(traceparent: str) -> Context:
    """None's child where the text is none."""
    return TraceContextTextMapPropagator().extract({HEADER: traceparent}, Context())


def _traceparent(span: Span) -> str:
    found = span.get_span_context()
    return f"00-{found.trace_id:032x}-{found.span_id:016x}-{found.trace_flags:02x}"
