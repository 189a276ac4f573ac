"""A region for tests: real federation services with real doors and real certificates, in folders of their own.

Only the services whose items travel are a stand-in (`shelf`), and the hub's web door is reduced to its two calls.
"""

import json
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from google.protobuf import json_format

from fosse.common.v1 import shareable_pb2_grpc
from fosse.federation.v1 import federation_pb2 as pb
from fosse.federation.v1 import federation_pb2_grpc
from services.common.channels import Channels
from services.common.clock import Clock, utc_now
from services.common.database import Database
from services.common.errors import Refusal
from services.common.ids import new_id
from services.common.local_bus import LocalBus
from services.common.migrating import versions_of
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import Floor, Running
from services.common.wires import Sockets
from services.federation.service import build
from services.federation.settings import Settings
from tests.databases import SqliteDatabases
from tests.neighbours.shelf import Shelf
from tests.ports import a_free_port
from tests.waiting import until


class Neighbour:
    """One node: its federation service, and the shelf that it shares from. It can be stopped and started again."""

    def __init__(self, databases: SqliteDatabases, folder: Path, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.folder = folder
        self.run_dir = folder / "run"
        self.clock = clock
        self._shelf_db = Database(_placed(databases.new_url(versions_of("membership")), folder / "resource.db"))
        self._url = _placed(databases.new_url(versions_of("federation")), folder / "federation.db")
        self.shelf = Shelf(self._shelf_db)
        # Its figures travel too; tests/neighbours/figures.py starts the service that has them.
        self.evaluation_db = Database(_placed(databases.new_url(versions_of("evaluation")), folder / "evaluation.db"))
        self._operator = Channels(Sockets(self.run_dir), "operator")
        self._gateway = Channels(Sockets(self.run_dir), "gateway")
        self._running = ExitStack()
        add = partial(shareable_pb2_grpc.add_ShareableServicer_to_server, self.shelf)
        self._shelf_server = Server("resource", [add], Sockets(self.run_dir), PassVerifier(dict, clock), workers=4)
        self._shelf_server.start()

    def start(self) -> None:
        db = Database(self._url)
        channels = Channels(Sockets(self.run_dir), "federation")
        bus = LocalBus(self.clock)
        bus.add_source("fosse.resource", self._shelf_db)
        bus.add_source("fosse.evaluation", self.evaluation_db)
        floor = Floor("federation", db, self.clock, channels, self.folder)
        running = Running(build(floor, self.settings), floor, bus, workers=4)
        running.listen(bus)
        running.start()
        bus.start()
        self.db, self.bus = db, bus
        for undo in (db.dispose, channels.close, running.stop, bus.stop):
            self._running.callback(undo)

    def rename(self, slug: str) -> None:
        """From the next start on."""
        self.settings = replace(self.settings, slug=slug)

    def stop(self) -> None:
        self._running.close()

    def end(self) -> None:
        self.stop()
        self._shelf_server.stop()
        self._operator.close()
        self._gateway.close()
        self._shelf_db.dispose()
        self.evaluation_db.dispose()

    @property
    def federation(self) -> federation_pb2_grpc.FederationStub:
        """As the operator's command line calls it."""
        return self._operator.stub(federation_pb2_grpc.FederationStub, "federation", 5.0)

    @property
    def web(self) -> federation_pb2_grpc.FederationStub:
        """As the node's web pages call it, without a person."""
        return self._gateway.stub(federation_pb2_grpc.FederationStub, "federation", 5.0)

    @property
    def status(self) -> pb.GetFederationStatusResponse:
        return self.federation.GetFederationStatus(pb.GetFederationStatusRequest())

    @property
    def id(self) -> str:
        return self.status.node_id

    def holds_of(self, slug: str) -> tuple[int, int]:
        """(items held, items live) of another node."""
        return next(((one.items_held, one.items_live) for one in self.status.held if one.slug == slug), (0, 0))

    def bytes_on_disk(self) -> Iterator[tuple[Path, bytes]]:
        """Everything this node's federation keeps."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.startswith("resource.db"):
                yield path, path.read_bytes()


class Region:
    """A hub, and counties that enrol with it."""

    def __init__(self, databases: SqliteDatabases, folder: Path, clock: Clock) -> None:
        self._databases = databases
        self._folder = folder
        self._clock = clock
        self._stack = ExitStack()
        self.hub = self._neighbour("hub", "East Midlands", hub=True)
        self.hub.start()
        self._web = _web_door(self.hub)
        self._stack.callback(self._web.shutdown)
        self.address = f"http://127.0.0.1:{self._web.server_address[1]}"

    def county(self, slug: str, name: str) -> Neighbour:
        """A county that has enrolled and may sign."""
        county = self.stranger(slug, name)
        self.enrol(county)
        until(lambda: county.status.signing, f"{slug} may sign")
        return county

    def stranger(self, slug: str, name: str, **given: Any) -> Neighbour:
        """A county that has asked no hub."""
        county = self._neighbour(slug, name, hub=False, **given)
        county.start()
        return county

    def enrol(self, county: Neighbour) -> None:
        code = self.hub.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id())).code
        county.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address=self.address, code=code))
        until(lambda: self.newcomer(county), "the hub sees the newcomer")
        asked = self.newcomer(county)
        assert asked
        words = county.status.fingerprint_words
        approval = pb.ApproveNewcomerRequest(enrolment_id=asked.enrolment_id, fingerprint_words=words)
        self.hub.federation.ApproveNewcomer(approval)

    def newcomer(self, county: Neighbour) -> pb.Newcomer | None:
        return next((one for one in self.hub.status.newcomers if one.slug == county.settings.slug), None)

    def end(self) -> None:
        self._stack.close()
        self._web.server_close()

    def _neighbour(self, slug: str, name: str, *, hub: bool, **given: Any) -> Neighbour:
        folder = self._folder / slug
        folder.mkdir()
        settings = Settings(hub=hub, slug=slug, name=name, door_listen=f"127.0.0.1:{a_free_port()}", **given)
        neighbour = Neighbour(self._databases, folder, settings, self._clock)
        self._stack.callback(neighbour.end)
        return neighbour


@contextmanager
def a_region(databases: SqliteDatabases, clock: Clock = utc_now) -> Iterator[Region]:
    # Addresses of unix sockets are short.
    with tempfile.TemporaryDirectory(prefix="fosse") as folder:
        region = Region(databases, Path(folder), clock)
        try:
            yield region
        finally:
            region.end()


def _web_door(hub: Neighbour) -> ThreadingHTTPServer:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            call: Callable[[Any], Any] = hub.web.CollectEnrolment
            request: Any = pb.CollectEnrolmentRequest()
            if not self.path.endswith(":collect"):
                call, request = hub.web.ReceiveEnrolment, pb.ReceiveEnrolmentRequest()
            try:
                answer = json_format.MessageToJson(call(json_format.Parse(body, request)))
                self._answer(200, answer)
            except Refusal as refusal:
                self._answer(403, json.dumps({"detail": refusal.sentence}))

        def _answer(self, status: int, body: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Tests do not read it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _placed(url: str, path: Path) -> str:
    """A test's fresh database, in the node's own folder."""
    shutil.move(url.removeprefix("sqlite:///"), path)
    return f"sqlite:///{path}"
