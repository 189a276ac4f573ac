"""The proxy of deploy/tls lets people in while somebody holds connections open and says nothing."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from services.node.demo import certificate
from tests import images, machine
from tests.ports import a_free_port
from tests.waiting import until

pytestmark = pytest.mark.timeout(120)
# More than nginx has by default.
SLOW = 600


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """Of a proxy without a gateway: what is no request it answers by itself."""
    machine.need_containers(machine.NGINX_IMAGE)
    certificate.make(tmp_path, ["localhost"])
    found = a_free_port()
    said = images.docker(
        "run", "--detach", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--cap-add", "SETUID",
        "--cap-add", "SETGID", "--cap-add", "CHOWN", "--cap-add", "DAC_OVERRIDE",
        "--publish", f"127.0.0.1:{found}:8443",
        "--volume", f"{machine.ROOT / 'deploy/tls/nginx.conf'}:/etc/fosse/nginx.conf:ro",
        "--volume", f"{tmp_path}:/run/tls:ro", "--entrypoint", "nginx", machine.NGINX_IMAGE,
        "-c", "/etc/fosse/nginx.conf", "-g", "daemon off;",
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    try:
        until(lambda: _answers(found), "the proxy answers")
        yield found
    finally:
        images.docker("rm", "--force", said.stdout.strip())


def test_six_hundred_who_say_nothing_keep_nobody_out_and_lose_their_connections(port: int) -> None:
    with ExitStack() as held:
        slow = [held.enter_context(closing(_connected(port))) for _ in range(SLOW)]
        for each in slow:
            each.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")

        began = time.monotonic()
        assert _answers(port) and time.monotonic() - began < 5
        slow[0].settimeout(40)
        until(lambda: slow[0].recv(1024) == b"", "the first of them is put out", within_s=40)


def _answers(port: int) -> bool:
    try:
        with closing(_connected(port)) as honest:
            honest.sendall(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            return honest.recv(12) == b"HTTP/1.1 400"
    except OSError:
        return False


def _connected(port: int) -> ssl.SSLSocket:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    return trusting.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=10))
