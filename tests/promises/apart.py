"""A node's services behind mutual TLS in a process of their own, so that what is measured of them is not the test's.

`python -m tests.promises.apart <folder> <ports> <bug>` runs them until its input ends.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.common import rpc
from tests.machine import environment
from tests.promises.planted import Bug, planted
from tests.tls_services import TlsNode, prepared, serving

NO_LIMIT = "no limit"
BUGS: dict[str, tuple[Bug, ...]] = {
    "": (),
    NO_LIMIT: ((rpc, "_OPTIONS", (("grpc.max_receive_message_length", -1),)),),
}


@contextmanager
def services_apart(folder: Path, bug: str = "") -> Iterator[tuple[TlsNode, int]]:
    """The node, and the id of the process."""
    node = prepared(folder)
    command = [sys.executable, "-m", "tests.promises.apart", str(folder), json.dumps(dict(node.ports)), bug]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin and process.stdout
        assert process.stdout.readline() == b"ready\n"
        yield node, process.pid
        process.stdin.close()


def main(folder: str, ports: str, bug: str) -> None:
    with planted(*BUGS[bug]), serving(TlsNode(Path(folder), json.loads(ports))):
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
