"""A real region for measuring: nodes as processes of their own, people who sign in, gunicorn beside a node."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from services.common.settings import inherited_environment
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.enrolling import enrol
from services.node.demo.load import Loader
from services.node.demo.person import Person
from services.node.demo.region import Ports, Region, RunningNode, free_ports
from services.node.demo.waiting import until

ROOT = Path(__file__).parents[2]
CONVENORS = {"notts": "m023", "derbys": "m066", "leics": "m074"}


# One person searches for everybody here.
UNLIMITED = ("--searches-a-minute", "1000000")


@contextmanager
def a_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="fosse-bench-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def a_node(slug: str, folder: Path) -> RunningNode:
    return RunningNode(worlds.load(date.today()).county(slug), folder / slug, free_ports(), *UNLIMITED)


def let_in(node: RunningNode) -> Person:
    """Loads the node's people; answers the one who writes, signed in."""
    loader = _loader(node)
    member = worlds.load(date.today()).member(CONVENORS[node.county.id])
    loader.load_people([member])
    return loader.person(member.id)


def community_of(node: RunningNode) -> str:
    loader = _loader(node)
    loader.load_people([])
    return loader.community_id


@contextmanager
def a_region(folder: Path, *slugs: str) -> Iterator[Region[RunningNode]]:
    """Started, and enrolled where they are counties."""
    region = Region([a_node(slug, folder) for slug in ("hub", *slugs)])
    try:
        region.start()
        for county in region.counties:
            enrol(region.hub, county)
        yield region
    finally:
        region.stop()


@contextmanager
def without_pages(node: RunningNode) -> Iterator[str]:
    """The node's services alone, and two gunicorn workers over its sockets; answers their address."""
    web = node.ports.web
    environment = _paths()
    services = subprocess.Popen(
        [
            sys.executable, "-m", "services.node", "node", "--no-gateway", "--data", str(node.folder.path),
            "--slug", node.county.id, "--name", node.county.name, *_ports(node.ports),
        ],
        env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until(lambda: node.folder.holder().get("ready"), 60, "The start without pages")
    told = dict(word.split("=", 1) for word in shlex.split((node.folder.path / "gateway.env").read_text()))
    # As deployed, but for the four threads, which suit two cores better than eight.
    given = {"FOSSE_GATEWAY_LISTEN": f"127.0.0.1:{web}", "FOSSE_GATEWAY_THREADS": "4"}
    pages = subprocess.Popen(
        [sys.executable, "-m", "gateway"],
        env={**environment, **told, **given}, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        until(lambda: _answers(f"http://127.0.0.1:{web}"), 60, "gunicorn's first page")
        yield f"http://127.0.0.1:{web}"
    finally:
        for each in (pages, services):
            each.send_signal(signal.SIGTERM)
            each.wait(30)


def resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cookies_of(person: Person) -> str:
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in person.browser.session.cookies)


def seconds_until_pages(addresses: list[str], began: float, limit: float) -> float:
    until(lambda: all(_answers(each) for each in addresses), limit, "The pages")
    return time.monotonic() - began


def _answers(address: str) -> bool:
    probe = "import sys, urllib.request as u; u.build_opener(u.ProxyHandler({})).open(sys.argv[1], timeout=2)"
    return (
        subprocess.run([sys.executable, "-S", "-c", probe, address], capture_output=True, check=False).returncode == 0
    )


def _ports(ports: Ports) -> list[str]:
    named = {"--port": ports.web, "--door-port": ports.door, "--provider-port": ports.provider}
    return [word for name, port in named.items() for word in (name, str(port))]


def _paths() -> dict[str, str]:
    return {**inherited_environment(), "PYTHONPATH": f"{ROOT}:{ROOT / 'protos'}"}


def _loader(node: RunningNode) -> Loader:
    return Loader(worlds.load(date.today()), node, Documents(node.folder.path / "documents"), lambda _: None)
