"""What a process tells of its traces, what it does not, and that a collector which does not answer slows nobody."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
import pytest

from fosse.notification.v1 import notification_pb2 as pb
from fosse.notification.v1 import notification_pb2_grpc
from services.common.bus import Consumer, Message, deliver
from services.common.channels import Channels
from services.common.errors import NotFound
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import add_to
from services.common.settings import BadSetting
from services.common.trace_context import here
from services.common.tracing import Tracer
from services.common.wires import Sockets
from services.node.web import bound
from tests.alone import HeldClock
from tests.collector import PATH, Collector
from tests.databases import SqliteDatabases, open_database
from tests.gateways import a_gateway
from tests.machine import environment

LIST = "fosse.notification.v1.Notification/ListDeliveries"
WORDS = "what Ann Example wrote"
Handle = Callable[[], None]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as made:
        yield made


@contextmanager
def calling(folder: Path, tracer: Tracer, handle: Handle) -> Iterator[notification_pb2_grpc.NotificationStub]:
    """A traced stub of a traced server, whose one rpc does this."""

    class Answering(notification_pb2_grpc.NotificationServicer):
        def ListDeliveries(self, request: Any, context: Any) -> pb.ListDeliveriesResponse:
            handle()
            return pb.ListDeliveriesResponse()

    wires = Sockets(folder / "run")
    answering = Answering()  # type: ignore[abstract]  # what it lacks answers UNIMPLEMENTED, as gRPC does
    add = add_to(notification_pb2_grpc.add_NotificationServicer_to_server, answering)
    server = Server("notification", [add], wires, PassVerifier(dict, lambda: datetime.now(UTC)), tracer=tracer)
    server.start()
    with closing(Channels(wires, "operator", tracer)) as channels:
        yield channels.stub(notification_pb2_grpc.NotificationStub, "notification")
    server.stop()


def test_a_refusal_is_told_as_an_answer_and_a_fault_as_a_fault_without_their_words(
    tmp_path: Path, collector: Collector
) -> None:
    doing: list[Handle] = []
    tracer = Tracer("notification", collector.address)

    def refuse() -> None:
        raise NotFound(WORDS)

    def break_down() -> None:
        raise ValueError(WORDS)

    with calling(tmp_path, tracer, lambda: doing.pop()()) as stub:
        doing.append(refuse)
        with pytest.raises(NotFound):
            stub.ListDeliveries(pb.ListDeliveriesRequest())
        doing.append(break_down)
        with pytest.raises(grpc.RpcError):
            stub.ListDeliveries(pb.ListDeliveriesRequest())
    tracer.close()

    spans = collector.spans()
    refused = [each for each in spans if each.said.get("rpc.response.status_code") == "NOT_FOUND"]
    broken = [each for each in spans if each.failed]
    assert [each.name for each in spans] == [LIST] * 4
    assert len(refused) == len(broken) == 2 and {each.said["error.type"] for each in broken} == {"INTERNAL"}
    assert not any("Ann" in str(request) for request in collector.requests)


def test_a_collector_that_never_answers_slows_no_call_and_costs_only_spans(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with bound("127.0.0.1", 0) as silent:
        tracer = Tracer("notification", f"http://127.0.0.1:{silent.getsockname()[1]}{PATH}")
        took = []

        with calling(tmp_path, tracer, lambda: None) as stub:
            # More than wait in the queue.
            for _ in range(1500):
                began = time.monotonic()
                stub.ListDeliveries(pb.ListDeliveriesRequest())
                took.append(time.monotonic() - began)
        began = time.monotonic()
        tracer.close()

    assert sorted(took)[len(took) // 2] < 0.05
    assert time.monotonic() - began < 10
    assert [vars(each)["takes_spans"] for each in caplog.records if each.message == "collector of traces"] == [False]


def test_what_is_said_while_a_message_is_handled_belongs_to_its_trace(
    sqlite_databases: SqliteDatabases, collector: Collector
) -> None:
    db, clock, tracer = open_database(sqlite_databases, "notification"), HeldClock(), Tracer("any", collector.address)
    heard: list[str] = []
    listening = Consumer("any", ("fosse.any",), {"Known": lambda conn, message: heard.append(here())})
    messages = [
        Message(str(number), "fosse.any", "Known", "key", b"", clock(), traceparent)
        for number, traceparent in enumerate(("", f"00-{'a' * 32}-{'b' * 16}-01", "what is this?"))
    ]

    deliver(db, tracer.hearing(listening), messages, clock)
    tracer.close()

    assert [each[:36] for each in heard[:2]] == ["", f"00-{'a' * 32}-"] and heard[1][36:52] != "b" * 16
    assert [each.span.parent_span_id.hex() for each in collector.spans()] == ["b" * 16, ""]
    db.dispose()


def test_a_page_is_told_by_its_route_and_never_by_its_address(
    tmp_path: Path, sqlite_databases: SqliteDatabases, collector: Collector
) -> None:
    with a_gateway(tmp_path, sqlite_databases, traces=collector.address) as web:
        browser = web.fresh()
        browser.get("/about?by=ann@homes.example")
        browser.get("/nothing/ann@homes.example")

    spans = collector.spans()
    told = {each.name: each.said["http.response.status_code"] for each in spans if each.name.startswith("GET")}
    assert told == {"GET /about": "200", "GET none": "404"}
    assert "ann" not in str([f"{each.name} {each.said}" for each in spans])


def test_where_nobody_traces_nothing_is_wrapped_nothing_is_loaded_and_facts_name_no_trace(
    sqlite_databases: SqliteDatabases,
) -> None:
    look = "import sys, services.common.process, gateway.app; print([m for m in sys.modules if 'opentelemetry' in m])"
    done = subprocess.run([sys.executable, "-c", look], env=environment(), capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
    assert here() == ""


def test_what_is_no_web_address_is_refused_with_an_example() -> None:
    with pytest.raises(BadSetting, match="it should look like http://jaeger:4318/v1/traces"):
        Tracer("events", "jaeger:4318")
