"""Web pages from this very process: waitress on a socket of ours, ended without dropping a request."""

import errno
import logging
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import create_server

from gateway.queues import Dispatcher
from services.common.errors import Conflict, Invalid

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

log = logging.getLogger(__name__)
_LOOK_S = 1.0
_DRAIN_LOOK_S = 0.05
_QUIET_S = 0.2
# The largest file that a node holds, and the words around it.
_LARGEST_ANSWER = 110 * 1024 * 1024


def bound(host: str, port: int, setting: str = "--port") -> socket.socket:
    """A listening address taken before anything else starts; raises `Conflict` naming the port when it is in use."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        # Listening is what makes the address ours; nothing is answered before the server runs.
        taken.listen(1024)
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise Conflict(
                f"Port {port} on {host} is in use by another program. Nothing was started. "
                f"Stop that program, or choose another port with {setting}."
            ) from error
        raise Invalid(f"The address {host}:{port} cannot be used: {error.strerror}.") from error
    except OverflowError as error:
        raise Invalid(f"{port} is no port: they go up to 65535. Choose another with {setting}.") from error
    return taken


class WebServer:
    """One application on one bound socket."""

    def __init__(self, app: "WSGIApplication", taken: socket.socket, *, threads: int, largest_body: int) -> None:
        self._dispatcher = Dispatcher(threads)
        self._server: Any = create_server(
            app,
            _dispatcher=self._dispatcher,
            sockets=[taken],
            # Without these two, 64 connections get a tenth of what 8 get.
            channel_request_lookahead=1,
            asyncore_use_poll=True,
            connection_limit=1000,
            # An answer is taken over whole, on disk where it is large: with the usual 16 MiB, as many slow readers of
            # a large file as there are threads stop the whole node.
            outbuf_high_watermark=_LARGEST_ANSWER,
            backlog=1024,
            max_request_body_size=largest_body,
            clear_untrusted_proxy_headers=False,
            ident="fosse",
        )
        self._drain_until: float | None = None
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, within_s: float = 10.0) -> None:
        """Takes no new connection, answers what was asked, then ends."""
        self._dispatcher.ending = True
        self._drain_until = time.monotonic() + within_s
        self._server.pull_trigger()
        self._thread.join(within_s + 5)

    def _run(self) -> None:
        sockets = self._server._map
        while self._drain_until is None:
            wasyncore.loop(timeout=_LOOK_S, use_poll=True, map=sockets, count=1)
        self._accept_those_waiting()
        self._server.accepting = False
        self._server.del_channel()
        self._server.socket.close()
        quiet_since = time.monotonic()
        while (now := time.monotonic()) < self._drain_until and now - quiet_since < _QUIET_S:
            wasyncore.loop(timeout=_DRAIN_LOOK_S, use_poll=True, map=sockets, count=1)
            quiet_since = time.monotonic() if self._busy() else quiet_since
        # waitress cancels what is queued here, which is why nothing may be queued any more.
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)

    def _accept_those_waiting(self) -> None:
        """Whoever connected before the end is answered; the kernel would turn them away unheard."""
        before = -1
        while len(self._server.active_channels) > before:
            before = len(self._server.active_channels)
            self._server.handle_accept()

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(each.requests or each.request or each.total_outbufs_len for each in channels)
