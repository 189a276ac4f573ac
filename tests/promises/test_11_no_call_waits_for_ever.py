"""Promise 11: no call goes out without a deadline, and a service that stalls leaves no thread of anybody stuck."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.resource.v1 import resource_pb2 as pb
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common import channels, rpc
from services.common.rpc import LONGEST_S
from services.common.wires import Sockets
from tests.databases import SqliteDatabases
from tests.gateways import Web, a_gateway
from tests.machine import FULL
from tests.members import COMMUNITY
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until
from tests.whole_nodes import a_whole_node

SEED = 11
STALL_S = 60.0
AT_ONCE = 12
PATHS = ("/", "/shelf", "/resources/new", "/resources/drafts", "/federation", "/mail", "/api/v1/me", "/api/v1/drafts")
STREAMED = ("AddFilePart", "DownloadPart", "Fetch", "PutFile", "GetFile", "PutSharedFile", "GetSharedFile")


class Heard:
    """What a server was told of deadlines: the path of each call, and how long it would wait."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, float | None]] = []

    @property
    def without(self) -> list[str]:
        return [path for path, left in self.calls if left is None or left > 1e6]

    @property
    def too_long(self) -> list[str]:
        """Unary calls inside a node end within five seconds."""
        return [path for path, left in self.calls if (left or 0) > LONGEST_S + 0.1 and not path.endswith(STREAMED)]


@contextmanager
def listening() -> Iterator[Heard]:
    """Every server of this process tells what it hears before it decides."""
    heard, sound = Heard(), rpc._Admitted.check

    def check(admitted: Any, context: Any, request: Any, unary: bool) -> None:
        heard.calls.append((admitted._path, context.time_remaining()))
        sound(admitted, context, request, unary)

    with planted((rpc._Admitted, "check", check)):
        yield heard


def a_day_of_work(folder: Path) -> Heard:
    """A whole node: somebody signs in, writes, adds a file, publishes; its consumers, jobs and loops run beside."""
    with listening() as heard, a_whole_node(folder) as node:
        ann = node.signed_in(1, "Ann Example", ROLE_MEMBER, ROLE_CONVENOR)
        token = ann.form_token("/about")
        words = {
            "title": "Falls at night", "summary": "What helps against falls at night.", "type": "leaflet",
            "topics": ["falls"], "readers": ["carers"],
        }  # fmt: skip
        sent = {"X-CSRF-Token": token}
        ann.post("/api/v1/resources", json={"id": "f" * 32, "communityId": COMMUNITY, "words": words}, headers=sent)
        ann.post(f"/api/v1/resources/{'f' * 32}/files", files={"file": ("a.pdf", b"%PDF-1.7\n")}, headers=sent)
        for path in PATHS:
            ann.get(path)
        paths = {path for path, _ in heard.calls}
        assert len(paths) > 8, paths
    return heard


def without_deadline(calling: Any, call: Any) -> Callable[..., Any]:
    """A client that forgets."""
    return lambda request, timeout=None, metadata=(): call()(request, metadata=(*calling._own, *metadata))


def forgotten(web: Web) -> int:
    """Calls without a deadline that are heard from a client that forgets them."""
    with planted((channels._Calling, "_single", without_deadline)), listening() as heard:
        client = channels.Channels(Sockets(web.settings.run_dir), "gateway")
        with pytest.raises(grpc.RpcError, match="A call needs a deadline"):
            client.stub(ResourcesStub, "resource").SearchResources(pb.SearchResourcesRequest())
        client.close()
        return len(heard.without)


def test_no_call_goes_out_without_a_deadline(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    heard = a_day_of_work(tmp_path)
    with a_gateway(tmp_path / "g", sqlite_databases) as web:
        caught = forgotten(web)

    rpcs = len({path for path, _ in heard.calls})
    figures = f"calls={len(heard.calls)} rpcs={rpcs} without={len(heard.without)} too_long={len(heard.too_long)}"
    ok = not heard.without and not heard.too_long and caught > 0
    promise(11, "embedded", "calls without a deadline", ok, f"{figures} planted[forgetful client]={caught}", SEED)


class Stall:
    """Holds every call to the shelf until it is over, and counts who is inside."""

    def __init__(self, web: Web) -> None:
        self.over = threading.Event()
        self.inside = 0
        self._lock = threading.Lock()
        web.shelf.waits_for = self

    def __call__(self) -> None:
        with self._lock:
            self.inside += 1
        self.over.wait(STALL_S)
        with self._lock:
            self.inside -= 1


def test_a_service_that_stalls_leaves_no_thread_stuck(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_gateway(tmp_path, sqlite_databases) as web:
        stall, begun = Stall(web), time.monotonic()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(lambda _: web.fresh().get("/api/v1/resources"), range(AT_ONCE)))
        pages_free = time.monotonic() - begun
        alive = web.fresh().get("/health").status_code
        if FULL:
            until(lambda: time.monotonic() - begun > STALL_S, "the stall has lasted", STALL_S + 5)
        stall.over.set()
        until(lambda: stall.inside == 0, "every handler has ended")
        web.shelf.waits_for = lambda: None
        after = [web.fresh().get("/api/v1/resources").status_code for _ in range(AT_ONCE)]

    statuses = {answer.status_code for answer in answers}
    figures = f"at_once={AT_ONCE} pages_free_s={pages_free:.1f} stuck={stall.inside} served_after={after.count(200)}"
    ok = statuses <= {429, 503} and alive == 200 and stall.inside == 0 and after == [200] * AT_ONCE
    promise(11, "embedded", "stalls leave nothing stuck", ok, figures, SEED)
