"""A collector of traces on a real port of this machine: takes spans by OTLP over HTTP, and shows what it was told."""

import gzip
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

PATH = "/v1/traces"


@dataclass(frozen=True)
class Told:
    """A span, and the process that told it."""

    process: str
    span: Span

    @property
    def name(self) -> str:
        return self.span.name

    @property
    def trace(self) -> str:
        return self.span.trace_id.hex()

    @property
    def failed(self) -> bool:
        return self.span.status.code == Status.STATUS_CODE_ERROR

    @property
    def said(self) -> dict[str, str]:
        """Its attributes, as text."""
        values = {each.key: each.value for each in self.span.attributes}
        return {key: value.string_value or str(value.int_value) for key, value in values.items()}


@dataclass
class Collector:
    requests: list[ExportTraceServiceRequest] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def spans(self) -> list[Told]:
        return list(self._spans())

    def trace_of(self, name: str) -> list[Told]:
        """All spans of the traces in which one has this name."""
        found = self.spans()
        traces = {each.trace for each in found if each.name == name}
        return [each for each in found if each.trace in traces]

    def _spans(self) -> Iterator[Told]:
        for each in [resource for request in self.requests for resource in request.resource_spans]:
            process = {a.key: a.value.string_value for a in each.resource.attributes}["service.name"]
            yield from (Told(process, span) for scope in each.scope_spans for span in scope.spans)


def way_to(process: str, name: str, spans: Sequence[Told]) -> list[str]:
    """The processes of a span and of those above it, up to where its trace began."""
    by_id = {each.span.span_id: each for each in spans}
    found: Told | None = next(each for each in spans if (each.process, each.name) == (process, name))
    way = []
    while found:
        way.append(found.process)
        found = by_id.get(found.span.parent_span_id)
    return way


def _handler(collector: Collector) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found = self.path == PATH and self.headers["Content-Type"] == "application/x-protobuf"
            if found:
                collector.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Every two seconds, from each process."""

    return Handler
