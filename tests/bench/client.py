"""A lean HTTP client for measuring: one thread, several connections that are kept, nothing parsed but lengths."""

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Measured:
    rate: float
    seconds: list[float]
    bad: int


@dataclass
class _Connection:
    sock: socket.socket
    sent_at: float = 0.0
    got: bytearray = field(default_factory=bytearray)

    def send(self, request: bytes) -> None:
        self.got.clear()
        self.sent_at = time.perf_counter()
        self.sock.sendall(request)

    def whole(self) -> bool:
        head = self.got.find(b"\r\n\r\n")
        if head < 0:
            return False
        start = self.got.lower().find(b"\r\ncontent-length:", 0, head + 2)
        end = self.got.find(b"\r\n", start + 2)
        return len(self.got) >= head + 4 + int(self.got[start + 17 : end])


def measure(address: str, paths: Sequence[str], *, cookies: str, seconds: float, connections: int) -> Measured:
    """Asks for the paths in turn for so many seconds; `bad` counts answers other than 200."""
    where = urlsplit(address)
    requests = [_request(where.netloc, path, cookies) for path in paths]
    with selectors.DefaultSelector() as selector:
        for number in range(connections):
            sock = socket.create_connection((where.hostname or "", where.port or 80), timeout=10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each = _Connection(sock)
            selector.register(sock, selectors.EVENT_READ, each)
            each.send(requests[number % len(requests)])
        measured = _go_round(selector, requests, seconds)
        for key in list(selector.get_map().values()):
            key.data.sock.close()
    return measured


def _go_round(selector: selectors.DefaultSelector, requests: Sequence[bytes], seconds: float) -> Measured:
    took: list[float] = []
    bad = number = 0
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        for key, _ in selector.select(1):
            each: _Connection = key.data
            chunk = each.sock.recv(1 << 18)
            if not chunk:
                raise ConnectionError("The server closed a connection that was to be kept.")
            each.got += chunk
            if each.whole():
                took.append(time.perf_counter() - each.sent_at)
                bad += not each.got.startswith(b"HTTP/1.1 200")
                number += 1
                each.send(requests[number % len(requests)])
    return Measured(len(took) / (time.perf_counter() - began), took, bad)


def _request(host: str, path: str, cookies: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookies}\r\nAccept: */*\r\n\r\n".encode()
