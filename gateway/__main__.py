"""The gateway as a process of its own: gunicorn with several workers, or waitress in one process.

`--migrate` brings the gateway's small database up to date and ends.
"""

import logging
import socket
import sys
from typing import Any

import waitress
from flask import Flask
from gunicorn.app.base import BaseApplication

from gateway import wsgi
from gateway.app import MIGRATIONS, create_app
from gateway.queues import Dispatcher
from gateway.settings import Settings
from services.common import logs, migrating, settings
from services.common.database import Database
from services.common.migrating import WrongVersion

log = logging.getLogger(__name__)


class Workers(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded workers; each makes its own application after the fork, or gRPC would hang."""

    def __init__(self, given: Settings) -> None:
        self._given = given
        super().__init__()

    def load_config(self) -> None:
        chosen: dict[str, Any] = {
            "bind": self._given.listen,
            "workers": self._given.workers,
            "threads": self._given.threads,
            "worker_class": "gateway.queues.Worker",
            "control_socket_disable": True,
            "preload_app": False,
            "graceful_timeout": 15,
            "keepalive": 30,
            # Each worker has a queue of its own, so that connections spread evenly over the workers.
            "reuse_port": True,
            # Addresses hold the codes of signed links and of invitations.
            "accesslog": None,
        }
        for name, value in chosen.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return wsgi.app_from_environment()


def main() -> None:
    try:
        given = settings.load(Settings, "fosse_gateway")
        db = Database(given.database, connections=given.connections)
        if "--migrate" in sys.argv[1:]:
            migrating.migrate(db, MIGRATIONS)
            return
        # Said here in one sentence, before workers would each say it in a trace.
        migrating.start(db, MIGRATIONS)
        db.dispose()
        _serve(given)
    except (settings.BadSetting, WrongVersion, OSError) as error:
        sys.exit(f"fosse gateway: {error}")


def _serve(given: Settings) -> None:
    if given.server == "gunicorn":
        _refuse_taken(given.listen)
        Workers(given).run()
    elif given.server == "waitress":
        logs.start("gateway")
        # Without look-ahead and poll, 64 connections get a tenth of what 8 get.
        waitress.serve(
            create_app(given),
            listen=given.listen,
            _dispatcher=Dispatcher(given.threads),
            channel_request_lookahead=1,
            asyncore_use_poll=True,
            clear_untrusted_proxy_headers=False,
            max_request_body_size=given.upload_limit + 1024 * 1024,
            # An answer is taken over whole: else as many slow readers of a large file as there are threads stop us.
            outbuf_high_watermark=110 * 1024 * 1024,
            ident="fosse",
        )
    else:
        raise settings.BadSetting(f"FOSSE_GATEWAY_SERVER is {given.server!r}; it takes gunicorn or waitress.")


def _refuse_taken(listen: str) -> None:
    """Raises `OSError` with a sentence where somebody listens already: with `reuse_port`, gunicorn would join in."""
    host, _, port = listen.rpartition(":")
    if listen.startswith("unix:") or not port.isdecimal():
        return
    try:
        with socket.create_server((host.strip("[]"), int(port)), family=_family(host)):
            pass
    except OSError as error:
        raise OSError(
            f"{listen} cannot be listened on ({error.strerror}). Nothing was started. "
            "Stop the program that uses it, or choose another address with FOSSE_GATEWAY_LISTEN."
        ) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


if __name__ == "__main__":
    main()
