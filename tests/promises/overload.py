"""Load from a process of its own, so that whoever asks takes no time from whoever answers.

    python -m tests.promises.overload closed ADDRESS PATH CONNECTIONS SECONDS
    python -m tests.promises.overload open ADDRESS PATH RATE SECONDS

Prints one line of JSON for each answer: when it was asked for, how long it took, its status, its Retry-After.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.machine import ROOT

_PATIENCE_S = 20.0
# More wait at the client; nobody is counted as not having asked.
_MOST = 800


@dataclass(frozen=True)
class Answer:
    at: float
    took: float
    status: int
    retry_after: str


def load(kind: str, address: str, path: str, how_many: float, seconds: float) -> list[Answer]:
    """`how_many`: connections that ask again when answered (closed), or requests a second (open)."""
    command = [sys.executable, "-m", "tests.promises.overload", kind, address, path, str(how_many), str(seconds)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 60)
    return [Answer(*json.loads(line)) for line in done.stdout.splitlines()]


class Client:
    def __init__(self, address: str, path: str) -> None:
        where = urlsplit(address)
        self._where = (where.hostname or "", where.port or 80)
        self._request = f"GET {path} HTTP/1.1\r\nHost: {where.netloc}\r\n\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self._idle: deque[socket.socket] = deque()
        self._waiting: dict[socket.socket, tuple[float, bytearray]] = {}
        self.answers: list[Answer] = []

    def ask(self, at: float) -> None:
        """`at`: when it should have been asked, from which its time counts."""
        sock = self._idle.popleft() if self._idle else self._connected()
        self._waiting[sock] = (at, bytearray())
        sock.sendall(self._request)

    @property
    def open(self) -> int:
        return len(self._waiting)

    def hear(self, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            sock: socket.socket = key.fileobj  # type: ignore[assignment]  # we registered nothing else
            at, got = self._waiting[sock]
            chunk = sock.recv(1 << 18)
            got += chunk
            if not chunk or _whole(got):
                self._done(sock, at, bytes(got))

    def _done(self, sock: socket.socket, at: float, got: bytes) -> None:
        del self._waiting[sock]
        head = got.partition(b"\r\n\r\n")[0].decode("latin-1")
        status = int(head.split(" ")[1]) if head else 0
        told = {name.lower(): text for name, _, text in (line.partition(": ") for line in head.split("\r\n")[1:])}
        self.answers.append(Answer(at, time.monotonic() - at, status, told.get("retry-after", "")))
        if status and told.get("connection", "").lower() != "close":
            self._idle.append(sock)
        else:
            self._selector.unregister(sock)
            sock.close()

    def _connected(self) -> socket.socket:
        sock = socket.create_connection(self._where, timeout=10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._selector.register(sock, selectors.EVENT_READ)
        return sock


def _whole(got: bytearray) -> bool:
    head = got.find(b"\r\n\r\n")
    if head < 0:
        return False
    start = got.lower().find(b"\r\ncontent-length:", 0, head + 2)
    end = got.find(b"\r\n", start + 2)
    return len(got) >= head + 4 + int(got[start + 17 : end])


def closed(client: Client, connections: float, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until or client.open:
        while client.open < connections and time.monotonic() < until:
            client.ask(time.monotonic())
        client.hear(0.1)


def offered(client: Client, rate: float, seconds: float) -> None:
    began = time.monotonic()
    asked = 0
    while (now := time.monotonic()) < began + seconds or (client.open and now < began + seconds + _PATIENCE_S):
        while asked < min(now - began, seconds) * rate and client.open < _MOST:
            client.ask(began + asked / rate)
            asked += 1
        client.hear(0.002)


if __name__ == "__main__":
    kind, address, path, how_many, seconds = sys.argv[1:]
    asking = Client(address, path)
    (closed if kind == "closed" else offered)(asking, float(how_many), float(seconds))
    for each in asking.answers:
        print(json.dumps([each.at, each.took, each.status, each.retry_after]))
