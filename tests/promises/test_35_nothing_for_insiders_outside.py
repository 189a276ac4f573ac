"""Promise 35: what is there for insiders (metrics, debug pages, gRPC reflection) is not to be had from outside."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
import requests
from flask import Flask

from fosse.common.v1.access_pb2 import ROLE_OPERATOR
from gateway import guards, health
from services.federation.door import server as door
from services.federation.door.bounded import Bounded
from tests.databases import SqliteDatabases
from tests.doors import a_door
from tests.gateways import Web, a_gateway
from tests.ports import a_free_port
from tests.promises.planted import planted
from tests.promises.promise import promise

SEED = 35
INSIDE = (
    *("/metrics", "/metrics/", "/api/v1/metrics", "/stats", "/status", "/server-status", "/debug", "/debug/pprof/"),
    *(
        "/console",
        "/_debug",
        "/__debug__/",
        "/?__debugger__=yes&cmd=resource&f=style.css",
        "/actuator",
        "/actuator/env",
    ),
    *("/info", "/env", "/config", "/.env", "/.git/HEAD", "/swagger", "/graphql", "/trace", "/threads", "/heapdump"),
    *("/sbom.cdx.json", "/openapi", "/fosse.common.v1.Housekeeping/GetHousekeepingStatus", "/%2e%2e/metrics"),
)
SAYS = ("fosse_", "process_resident", "Traceback", "Werkzeug", "DEBUGGER", "FileDescriptor")
REFLECTION = [f"/grpc.reflection.{each}.ServerReflection/ServerReflectionInfo" for each in ("v1", "v1alpha")]
RPCS = [
    *REFLECTION,
    *("/grpc.channelz.v1.Channelz/GetTopChannels", "/grpc.health.v1.Health/Check"),
    *("/fosse.common.v1.Housekeeping/GetHousekeepingStatus", "/fosse.federation.v1.Federation/GetFederationStatus"),
]


@pytest.fixture
def web(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Web]:
    """A gateway that serves metrics, on an address of their own."""
    with gateway_with_metrics(tmp_path, sqlite_databases) as made:
        yield made


@contextmanager
def gateway_with_metrics(folder: Path, databases: SqliteDatabases) -> Iterator[Web]:
    listen = f"127.0.0.1:{a_free_port()}"
    with a_gateway(folder, databases, server="waitress", metrics_listen=listen) as made:
        yield made


def found_in_pages(web: Web) -> list[str]:
    """What a stranger, and an operator who is signed in, get to see of INSIDE."""
    operator = web.signed_in(1, "Olu Operator", ROLE_OPERATOR)
    found = []
    for path in INSIDE:
        for cookies in ({}, operator.http.cookies.get_dict()):
            for method in ("GET", "POST"):
                answer = requests.request(method, web.url + path, cookies=cookies, timeout=10, allow_redirects=False)
                # The start page takes any query, and says nothing of it.
                there = answer.ok and not path.startswith("/?")
                if there or any(word in answer.text for word in SAYS):
                    found.append(f"{method} {path} {answer.status_code}")
    return found


def a_route_for_metrics(app: Flask) -> None:
    app.add_url_rule("/metrics", "metrics", guards.anyone(lambda: "fosse_facts_unsent 0"), methods=["GET"])
    app.add_url_rule("/health", "health", health.health, methods=["GET"])


def test_no_page_and_no_api_shows_what_is_for_insiders(web: Web, tmp_path: Path) -> None:
    found = found_in_pages(web)

    inside = requests.get(f"http://{web.settings.metrics_listen}/metrics", timeout=10).text
    assert "fosse_page_duration_seconds_count" in inside and "fosse_database_up" in inside
    promise(
        35, "embedded", "no metrics or debug page outside", not found, f"asked={len(INSIDE) * 4} reached={found}", SEED
    )


def test_a_route_to_metrics_would_be_noticed(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with (
        planted((health, "install", a_route_for_metrics)),
        gateway_with_metrics(tmp_path, sqlite_databases) as web,
    ):
        found = found_in_pages(web)

    caught = "GET /metrics 200" in found
    promise(35, "embedded", "planted: a route to metrics", caught, f"planted=1 caught={int(caught)}", SEED)


def found_behind_the_door(folder: Path, databases: SqliteDatabases) -> list[str]:
    """The rpcs for insiders that answer an enrolled county in any way but that they are not there."""
    with a_door(folder, databases) as opened, opened.connect() as channel:
        return [path for path in RPCS if _answer(channel, path) is not grpc.StatusCode.UNIMPLEMENTED]


def _answer(channel: grpc.Channel, path: str) -> grpc.StatusCode:
    try:
        ask: Any = channel.unary_unary(path)
        ask(b"", timeout=10)
    except grpc.RpcError as error:
        assert isinstance(error, grpc.Call)
        return error.code()
    return grpc.StatusCode.OK


def test_federations_door_describes_itself_to_nobody(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    found = found_behind_the_door(tmp_path, sqlite_databases)

    promise(35, "region", "no reflection at the door", not found, f"asked={len(RPCS)} reached={found}", SEED)


class Describing(Bounded):
    """A server that was given reflection, as many samples do."""

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        _, service, method = REFLECTION[0].split("/")
        handlers: dict[str, Any] = {method: grpc.unary_unary_rpc_method_handler(_described)}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))


async def _described(request: bytes, context: Any) -> bytes:
    return b"all services"


def test_a_door_with_reflection_would_be_noticed(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with planted((door, "Bounded", Describing)):
        found = found_behind_the_door(tmp_path, sqlite_databases)

    caught = found == REFLECTION[:1]
    promise(35, "region", "planted: a door with reflection", caught, f"planted=1 caught={int(caught)}", SEED)
