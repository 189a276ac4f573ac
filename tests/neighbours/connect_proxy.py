"""A small HTTP proxy as a county's network has one: tunnels (CONNECT) to the places it allows, and nothing else."""

import socket
import threading
from base64 import b64encode
from contextlib import suppress
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any


class ConnectProxy(ThreadingTCPServer):
    """`credentials`: name:password that whoever asks must show. It can be ended and begun again on its port."""

    allow_reuse_address = daemon_threads = True

    def __init__(self, credentials: str, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Tunnel)
        self.wanted = f"Basic {b64encode(credentials.encode()).decode()}"
        self.allowed: set[str] = set()
        # Places that somebody was let through to, and those that were asked for in vain.
        self.reached: set[str] = set()
        self.refused: set[str] = set()
        self.open: set[socket.socket] = set()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def end(self) -> None:
        """Cuts the tunnels that stand, too."""
        self.shutdown()
        self.server_close()
        self.cut()

    def cut(self) -> None:
        for each in list(self.open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


class _Tunnel(StreamRequestHandler):
    def handle(self) -> None:
        proxy: Any = self.server
        verb, place = str(self.rfile.readline(4096), "ascii").split()[:2]
        headers = dict(
            line.split(": ", 1) for line in iter(lambda: str(self.rfile.readline(4096), "ascii").strip(), "")
        )
        given = {name.lower(): value for name, value in headers.items()}.get("proxy-authorization", "")
        if given != proxy.wanted:
            self.wfile.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
        elif verb != "CONNECT" or place not in proxy.allowed:
            proxy.refused.add(place)
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        else:
            proxy.reached.add(place)
            self._join(proxy, place)

    def _join(self, proxy: Any, place: str) -> None:
        host, _, port = place.rpartition(":")
        with socket.create_connection((host, int(port)), 5) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            proxy.open |= {self.connection, there}
            back = threading.Thread(target=_carry, args=(there, self.connection), daemon=True)
            back.start()
            _carry(self.connection, there)
            back.join(5)
            proxy.open -= {self.connection, there}


def _carry(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)
