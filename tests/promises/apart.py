"""Services behind mutual TLS, or a hub's door, in a process of their own: what is measured of it is not the test's.

`python -m tests.promises.apart <folder> <ports> <bug>` runs them until its input ends; without ports, the door.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from services.common import rpc, service
from services.common.rpc import Server
from services.common.wires import AUTHORITY, IDENTITY
from services.federation.door import server as door
from tests.databases import SqliteDatabases
from tests.doors import a_door
from tests.machine import environment
from tests.promises.planted import Bug, planted
from tests.tls_services import TlsNode, prepared, serving

COUNTIES = ("derbys", "leics")
NO_LIMIT, FEW_PLACES = "no limit", "few places"


def few_places(*given: Any, workers: int, **more: Any) -> Server:
    """Of a server with room for eight calls, whoever makes them."""
    return Server(*given, workers=1, **more)


BUGS: dict[str, tuple[Bug, ...]] = {
    "": (),
    NO_LIMIT: ((rpc, "_OPTIONS", (("grpc.max_receive_message_length", -1),)),),
    FEW_PLACES: (
        (rpc, "_OPTIONS", ()),
        (service, "Server", few_places),
        (door, "_OPTIONS", ()),
        (door, "_LARGEST_FLOOD", 1),
    ),
}


@contextmanager
def services_apart(folder: Path, bug: str = "") -> Iterator[tuple[TlsNode, int]]:
    """The node, and the id of the process."""
    node = prepared(folder)
    with _running(folder, json.dumps(dict(node.ports)), bug) as (_, pid):
        yield node, pid


@contextmanager
def door_apart(folder: Path, bug: str = "") -> Iterator[str]:
    """Its address. In `folder / county` lie the certificates of each of COUNTIES, as for a service."""
    for county in COUNTIES:
        (folder / county).mkdir(parents=True)
    with _running(folder, "", bug) as (port, _):
        yield f"localhost:{port}"


@contextmanager
def _running(folder: Path, ports: str, bug: str) -> Iterator[tuple[str, int]]:
    """What the process said when it was ready, and its id."""
    command = [sys.executable, "-m", "tests.promises.apart", str(folder), ports, bug]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdin and process.stdout
        said = process.stdout.readline().split()
        assert said[:1] == [b"ready"], "it did not start"
        try:
            yield said[-1].decode(), process.pid
        finally:
            process.stdin.close()


@contextmanager
def _door(folder: Path) -> Iterator[int]:
    (folder / "databases").mkdir()
    with a_door(folder / "region", SqliteDatabases(folder / "databases")) as opened:
        for county in COUNTIES:
            trusted, identity = opened.files(opened.region.county(county))
            (folder / county / AUTHORITY).write_bytes(trusted)
            (folder / county / IDENTITY).write_bytes(identity)
        yield opened.port


def main(folder: str, ports: str, bug: str) -> None:
    with planted(*BUGS[bug]), ExitStack() as stack:
        if ports:
            stack.enter_context(serving(TlsNode(Path(folder), json.loads(ports))))
            print("ready", flush=True)
        else:
            print("ready", stack.enter_context(_door(Path(folder))), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
