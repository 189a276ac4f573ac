"""Everything in one process: all services on SQLite and the local bus, the provider, and the web pages.

It starts from the bottom up (databases, services, bus, provider, pages) and stops the other way round, so that a page
that is being answered still has everything under it. The process is exec'd, never forked: gRPC does not survive a fork.
"""

import ctypes
import logging
import os
import socket
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.settings import Settings as GatewaySettings
from services.common import migrating
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.database import Database
from services.common.local_bus import LocalBus
from services.common.service import Floor, Running
from services.common.wires import Sockets
from services.node import composition, pages
from services.node.folder import Folder
from services.node.settings import REMEMBERED, Settings
from services.node.web import WebServer, bound

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)
# An rpc's p95 in a busy process falls from 46 to 8 ms with this.
_SWITCH_S = 0.0005
_M_ARENA_MAX = -8
_FIRST_PAGE_S = 20.0
_RPC_WORKERS = 8
_PROVIDER_BODY = 64 * 1024
_FORM_BYTES = 2 * 1024 * 1024
# What is so many times too large is still heard to its end, so that a page can say it: a browser that is cut off while
# it sends shows a fault of its own.
_HEARD_OUT = 4


def run(settings: Settings, until: threading.Event, ready: Callable[[str], None]) -> None:
    """Runs a node until told to stop; calls `ready` with a sentence when its pages answer.

    Raises a refusal or `WrongVersion`, with nothing started, when the folder, a port or a database cannot be used.
    """
    settings = settings.checked()
    # Databases hold names and addresses, and the folder may have been made before, open to others.
    os.umask(0o077)
    folder = Folder(settings.data)
    folder.prepare()
    sys.setswitchinterval(_SWITCH_S)
    _share_memory_pools()
    with folder.held(), folder.sockets() as run_dir, ExitStack() as stack:
        doors = _Doors(settings, stack)
        told = {"name": settings.name, "address": settings.address, "run_dir": str(run_dir)}
        folder.tell(**told)
        web = pages.gateway_settings(settings, folder, run_dir)
        pages.migrate(web)
        pages.write_environment(web, folder.path / "gateway.env")
        stack.enter_context(_services(settings, folder, run_dir))
        if doors.provider:
            stack.enter_context(_serving(_provider(settings, folder), doors.provider, 2, _PROVIDER_BODY))
        if doors.web:
            stack.enter_context(_pages(web, doors.web))
        folder.remember(**{name: getattr(settings, name) for name in REMEMBERED})
        # The sentence first: whoever waits for the folder's word finds it said.
        ready(_greeting(settings))
        folder.tell(**told, ready=True)
        until.wait()
        log.info("node stopping")


def _share_memory_pools() -> None:
    """glibc gives threads up to 16 pools of memory each of which grows by itself; with two, a node needs 50 MB less."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 2)


class _Doors:
    """The ports of this process, taken before anything is started or migrated."""

    def __init__(self, settings: Settings, stack: ExitStack) -> None:
        self.web: socket.socket | None = None
        self.provider: socket.socket | None = None
        if settings.gateway:
            self.web = stack.enter_context(bound(settings.host, settings.port))
        if settings.built_in_provider:
            self.provider = stack.enter_context(bound("127.0.0.1", settings.provider, "--provider-port"))
        if settings.hub:
            # Federation opens its own door; here we only learn early, in a sentence, that somebody else has the port.
            bound(settings.host, settings.door, "--door-port").close()


@contextmanager
def _services(settings: Settings, folder: Folder, run_dir: Path) -> Iterator[None]:
    bus = LocalBus(utc_now)
    running: list[Running] = []
    with ExitStack() as stack:
        for piece in composition.pieces(settings, folder.path, run_dir):
            db = Database(folder.database(piece.name))
            stack.callback(db.dispose)
            migrating.migrate(db, migrating.versions_of(piece.name))
            channels = Channels(Sockets(run_dir), piece.name)
            stack.callback(channels.close)
            floor = Floor(piece.name, db, utc_now, channels, folder.path)
            running.append(Running(piece.build(floor), floor, bus, workers=_RPC_WORKERS))
        for each in running:
            each.listen(bus)
            each.start()
            stack.callback(each.stop)
        bus.start()
        stack.callback(bus.stop)
        yield


def _provider(settings: Settings, folder: Folder) -> "WSGIApplication":
    from services.node.provider.app import ProviderSettings, create_app

    return create_app(
        ProviderSettings(
            issuer=settings.issuer_address,
            node=settings.slug,
            node_name=settings.name,
            folder=folder.path / "provider",
            client_id=settings.client_id,
            redirect_uris=frozenset({settings.address + pages.RETURN_PATH}),
        )
    )


@contextmanager
def _pages(given: GatewaySettings, taken: socket.socket) -> Iterator[None]:
    # Only here, so that a node without pages does not carry them in memory.
    from gateway.app import close, create_app

    app = create_app(given)
    try:
        with _serving(app, taken, given.threads, given.upload_limit * _HEARD_OUT + _FORM_BYTES):
            _first_page(taken)
            yield
    finally:
        close(app)


@contextmanager
def _serving(app: "WSGIApplication", taken: socket.socket, threads: int, largest_body: int) -> Iterator[None]:
    server = WebServer(app, taken, threads=threads, largest_body=largest_body)
    server.start()
    try:
        yield
    finally:
        server.stop()


def _first_page(taken: socket.socket) -> None:
    """Asks for the first page ourselves: "ready" then means that pages answer, and the first person need not wait."""
    host, port = taken.getsockname()[:2]
    address = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(address, timeout=_FIRST_PAGE_S).close()


def _greeting(settings: Settings) -> str:
    if settings.gateway:
        return f"{settings.name} is ready: {settings.address}"
    return f"{settings.name} is ready without pages; {settings.data / 'gateway.env'} tells gunicorn where it is"
