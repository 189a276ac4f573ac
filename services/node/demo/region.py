"""The nodes of a region as processes of their own on this machine: started, enrolled, stopped.

Each is exec'd, never forked, with ports and a folder of its own. A node ends with the process that started it, even
when that one is killed: it watches the pipe on its standard input.
"""

import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from services.common.errors import Conflict
from services.common.settings import inherited_environment
from services.node.demo.waiting import until
from services.node.demo.world import County
from services.node.folder import Folder

_ROOT = Path(__file__).parents[3]
_START_S = 60.0
_STOP_S = 30.0


@dataclass(frozen=True)
class Ports:
    web: int
    door: int
    provider: int


def ports_from(first: int, place: int) -> Ports:
    """The `place`th node of a region whose hub has the port `first`."""
    return Ports(first + place, first + 20 + place, first + 40 + place)


def free_ports() -> Ports:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(3)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return Ports(*(each.getsockname()[1] for each in taken))


class Node(Protocol):
    """Of whatever kind, from its start to its end."""

    @property
    def county(self) -> County: ...

    @property
    def address(self) -> str: ...

    def start(self) -> None: ...

    def wait_until_ready(self) -> None: ...

    def ask_to_stop(self) -> None: ...

    def wait_until_stopped(self) -> int:
        """Its exit code; 0 also when it was never started."""

    def last_words(self) -> str: ...


N = TypeVar("N", bound=Node)


class RunningNode:
    """One node of the region."""

    def __init__(self, county: County, data: Path, ports: Ports, *options: str) -> None:
        self.county = county
        self.folder = Folder(data)
        self.ports = ports
        self.options = options
        self.address = f"http://127.0.0.1:{ports.web}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder.path / "node.log"

    def start(self) -> None:
        self.folder.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment(), cwd=_ROOT,
                # Ctrl-C reaches us alone; we stop the nodes in order.
                start_new_session=True,
            )  # fmt: skip

    def wait_until_ready(self) -> None:
        """Raises `Conflict` with the node's own words when it ended instead."""
        until(self._ready, _START_S, f"The start of {self.county.name}", self.last_words)

    def ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def last_words(self) -> str:
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return lines[-1][:500] if lines else ""

    def ask_to_stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait_until_stopped(self) -> int:
        """The node's exit code; 0 also when it was never started."""
        if self._process is None:
            return 0
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self.close_pipe()
        code = self._process.wait()
        self._process = None
        return code

    def close_pipe(self) -> None:
        """The node ends when this pipe does, also when that is because we were killed."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    def _ready(self) -> bool:
        if self.ended():
            raise Conflict(f"{self.county.name} did not start. It said: {self.last_words()}")
        holder = self.folder.holder()
        # Another process may hold the folder; ours then ends by itself and says so.
        return holder.get("pid") == self.pid and bool(holder.get("ready"))

    def _command(self) -> list[str]:
        command = [
            sys.executable, "-m", "services.node", "node", "--until-stdin-closes",
            "--data", str(self.folder.path), "--slug", self.county.id, "--name", self.county.name,
            "--port", str(self.ports.web), "--door-port", str(self.ports.door),
            "--provider-port", str(self.ports.provider), *self.options,
        ]  # fmt: skip
        return [*command, "--hub"] if self.county.hub else command


class Region(Generic[N]):
    """A hub and counties on this machine."""

    def __init__(self, nodes: Sequence[N]) -> None:
        self.nodes = list(nodes)

    @property
    def hub(self) -> N:
        return next(each for each in self.nodes if each.county.hub)

    @property
    def counties(self) -> list[N]:
        return [each for each in self.nodes if not each.county.hub]

    def node(self, slug: str) -> N:
        return next(each for each in self.nodes if each.county.id == slug)

    def start(self) -> None:
        for each in self.nodes:
            each.start()
        for each in self.nodes:
            each.wait_until_ready()

    def stop(self) -> list[N]:
        """Counties first, so that what they still send finds the hub; answers those that did not end well."""
        unwell = []
        for some in (self.counties, [self.hub]):
            for each in some:
                each.ask_to_stop()
            unwell += [each for each in some if each.wait_until_stopped()]
        return unwell


def environment() -> dict[str, str]:
    """Of a node that is started from here: ours, without settings that were meant for another node."""
    ours = {name: value for name, value in inherited_environment().items() if not name.startswith("FOSSE_")}
    return {**ours, "PYTHONPATH": f"{_ROOT}:{_ROOT / 'protos'}"}
