"""The figures of "one leaflet, three counties": starting, sharing, catching up, searching, serving, memory, the bus."""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from threading import Thread

from fosse.federation.v1 import federation_pb2 as pb
from services.common.ids import new_id
from services.node import calling
from services.node.demo.enrolling import enrol
from services.node.demo.person import Person
from services.node.demo.region import RunningNode
from services.node.demo.waiting import until
from tests.bench import buses, client, filled
from tests.bench.figures import Figure, p95
from tests.bench.region import (
    ROOT,
    a_folder,
    a_node,
    a_region,
    community_of,
    cookies_of,
    cpu_seconds,
    let_in,
    resident_mb,
    seconds_until_pages,
    without_pages,
)

AREA = "leaflet"
SHARES = 100
MANY, FEW = 10_000, 1_000


def measure(wanted: str) -> Iterator[Figure]:
    """All figures, or those of the part that has the one wanted."""
    for names, part in PARTS.items():
        if not wanted or wanted in names:
            yield from part()


def starts() -> Iterator[Figure]:
    """A bare clone, as somebody who tries Fosse has it; the package cache of pip is warm."""
    with a_folder() as folder:
        subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "fosse")], check=True)
        yield Figure(AREA, "start-cold", [_start(folder / "fosse")], "s", 90, most=True)
        yield Figure(AREA, "start-warm", [_start(folder / "fosse") for _ in range(3)], "s", 8, most=True)


def _start(checkout: Path) -> float:
    """Seconds from `make demo` until the hub and three counties answer. A region keeps the port of its first start."""
    port = 18400
    began = time.monotonic()
    make = subprocess.Popen(
        ["make", "demo", f"PORT={port}"], cwd=checkout, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        return seconds_until_pages([f"http://127.0.0.1:{port + place}/" for place in range(4)], began, 300)
    finally:
        _wait_for_the_table(checkout)
        os.killpg(make.pid, signal.SIGINT)
        make.wait(60)


def _wait_for_the_table(checkout: Path) -> None:
    """The demo's people and resources are in before it is stopped, so that the next start is an ordinary one."""
    data = checkout / ".data" / "demo"
    nodes = ("hub", "notts", "derbys", "leics")
    until(lambda: all((data / node / "demo.loaded").exists() for node in nodes), 300, "The loading of the demo")


def sharing() -> Iterator[Figure]:
    with a_folder() as folder, a_region(folder, "notts", "derbys", "leics") as region:
        author, reader = let_in(region.node("notts")), let_in(region.node("derbys"))
        community = community_of(region.node("notts"))
        lags = [_share(author, reader, community, number) for number in range(SHARES)]
        worst = f"{SHARES} shares, median {sorted(lags)[SHARES // 2]:.2f} s, worst {max(lags):.2f} s"
        yield Figure(AREA, "share-lag", [p95(lags)], "s", 2, most=True, note=worst)


def _share(author: Person, reader: Person, community: str, number: int) -> float:
    """Seconds from the answer to "publish" in one county until a search in another finds it."""
    resource, word = new_id(), f"zq{number}x{random.randrange(10**9)}"
    words = {
        "title": f"Leaflet {word}", "summary": "A leaflet to see how fast it travels.",
        "type": "guidance", "topics": ["falls"],
    }  # fmt: skip
    author.ask("POST", "/resources", {"id": resource, "communityId": community, "words": words})
    link = {"partId": new_id(), "title": "Where", "licence": "CC-BY-4.0", "link": "https://example.org/x"}
    author.ask("POST", f"/resources/{resource}/links", {**link, "expectedVersion": "1"})
    author.ask("POST", f"/resources/{resource}:publish", {"expectedVersion": "2", "audience": "AUDIENCE_REGION"})
    began = time.monotonic()
    until(lambda: (reader.ask("GET", f"/resources?query={word}") or {}).get("hits"), 20, "Finding it")
    return time.monotonic() - began


def growing() -> Iterator[Figure]:
    """A county with 1,000 and with 10,000 resources, and a newcomer that fetches the 10,000."""
    with a_folder() as folder, a_region(folder, "notts") as region:
        notts = region.node("notts")
        person, community = let_in(notts), community_of(notts)
        yield Figure(AREA, "rss-idle", [_settled_mb(notts)], "MB", 180, most=True)
        few = _with_resources(notts, region.hub, FEW, community, person)
        many = _with_resources(notts, region.hub, MANY - FEW, community, person)
        yield Figure(AREA, "search-p95", many, "ms", 20, most=True, note="one after the other, 10,000 resources")
        growth = [after / before for before, after in zip(few, many, strict=True)]
        yield Figure(AREA, "search-growth", growth, "x", 2, most=True)
        yield Figure(AREA, "rss-10k", [_settled_mb(notts)], "MB", 300, most=True)
        newcomers = [a_node(slug, folder) for slug in ("derbys", "leics")]
        region.nodes.extend(newcomers)
        join = partial(enrol, region.hub)
        yield _catch_up(join, newcomers[0])
        yield _search_meanwhile(join, newcomers[1])


def _with_resources(node: RunningNode, hub: RunningNode, count: int, community: str, person: Person) -> list[float]:
    """Adds so many to the node's shelf; answers the p95 of searches, in ms, of three runs."""
    author = str((person.ask("GET", "/me") or {})["memberId"])
    before = _on_the_shelf(person)
    node.ask_to_stop()
    node.wait_until_stopped()
    filled.fill(node.folder.path, count, community_id=community, author_id=author, seed=before)
    node.start()
    node.wait_until_ready()
    until(lambda: _on_the_shelf(person) >= before + count, 300, "The index")
    until(lambda: _unsent(node) == 0, 600, "The signatures")
    until(lambda: _held(hub) >= before + count, 300, "The hub's own shelf")
    _until_quiet([node, hub])
    return [_search_ms(node, person) for _ in range(3)]


def _search_ms(node: RunningNode, person: Person, seconds: float = 4.0) -> float:
    done = client.measure(node.address, _searches(), cookies=cookies_of(person), seconds=seconds, connections=1)
    assert not done.bad, f"{done.bad} of {len(done.seconds)} answers were not 200"
    return p95(done.seconds) * 1000


def _searches() -> Sequence[str]:
    return [f"/api/v1/resources?query={stem}+{end}" for stem in filled.STEMS for end in filled.ENDS[:5]]


def _catch_up(enrol: Callable[[RunningNode], None], newcomer: RunningNode) -> Figure:
    newcomer.start()
    newcomer.wait_until_ready()
    enrol(newcomer)
    began = time.monotonic()
    until(lambda: _held(newcomer) >= MANY, 300, "All items")
    took = time.monotonic() - began
    return Figure(AREA, "catch-up", [MANY / took], "entries/s", 1000, most=False, note=f"{MANY} in {took:.1f} s")


def _search_meanwhile(enrol: Callable[[RunningNode], None], newcomer: RunningNode) -> Figure:
    """Another newcomer is let in while somebody searches its shelf without pause."""
    newcomer.start()
    newcomer.wait_until_ready()
    person = let_in(newcomer)
    busy: list[float] = []

    def ask() -> None:
        while _on_the_shelf(person) < MANY:
            done = client.measure(newcomer.address, _searches(), cookies=cookies_of(person), seconds=0.5, connections=1)
            busy.extend(done.seconds)

    asking = Thread(target=ask)
    enrol(newcomer)
    asking.start()
    until(lambda: _held(newcomer) >= MANY, 300, "All items")
    asking.join()
    return Figure(AREA, "search-p95-busy", [p95(busy) * 1000], "ms", 100, most=True, note=f"{len(busy)} searches")


def serving() -> Iterator[Figure]:
    with a_folder() as folder, a_region(folder, "notts") as region:
        notts = region.node("notts")
        person, community = let_in(notts), community_of(notts)
        _with_resources(notts, region.hub, FEW, community, person)
        hits = (person.ask("GET", "/resources?pageSize=50") or {})["hits"]
        pages = [f"/resources/{hit['id']}" for hit in hits]
        notts.ask_to_stop()
        notts.wait_until_stopped()
        with without_pages(notts) as address:
            yield _rate("page-rate", address, pages, person, 200)
            yield _rate("api-rate", address, _searches(), person, 600)


def _rate(name: str, address: str, paths: Sequence[str], person: Person, goal: float) -> Figure:
    cookies = cookies_of(person)
    client.measure(address, paths, cookies=cookies, seconds=2, connections=8)
    runs = [client.measure(address, paths, cookies=cookies, seconds=6, connections=8) for _ in range(3)]
    assert not sum(run.bad for run in runs), "some answers were not 200"
    slow = max(p95(run.seconds) for run in runs) * 1000
    return Figure(
        AREA, name, [run.rate for run in runs], "/s", goal, most=False, note=f"8 connections, p95 {slow:.0f} ms"
    )


def bus_local() -> Iterator[Figure]:
    with a_folder() as folder:
        yield Figure(AREA, "bus-local", buses.local(folder), "effects/s", 2000, most=False)


def bus_kafka() -> Iterator[Figure]:
    yield Figure(AREA, "bus-kafka", buses.kafka(), "effects/s", 2000, most=False)


def _settled_mb(node: RunningNode) -> float:
    """Resident memory once start-up is over: the least of ten looks."""
    looks = []
    for _ in range(10):
        looks.append(resident_mb(node.pid))
        time.sleep(0.5)
    return min(looks)


def _until_quiet(nodes: Sequence[RunningNode]) -> None:
    """Until nothing is done in the background any more: less than 5 % of a core in a second."""

    def busy() -> float:
        before = [cpu_seconds(node.pid) for node in nodes]
        time.sleep(1)
        return sum(cpu_seconds(node.pid) for node in nodes) - sum(before)

    until(lambda: busy() < 0.05 * len(nodes), 120, "Rest")


def _on_the_shelf(person: Person) -> int:
    return int((person.ask("GET", "/resources?pageSize=1") or {}).get("total", 0))


def _status(node: RunningNode) -> pb.GetFederationStatusResponse:
    with calling.running(node.folder.path) as here:
        return here.federation.GetFederationStatus(pb.GetFederationStatusRequest())


def _unsent(node: RunningNode) -> int:
    return _status(node).unsent


def _held(node: RunningNode) -> int:
    return sum(each.items_held for each in _status(node).held)


PARTS: dict[tuple[str, ...], Callable[[], Iterator[Figure]]] = {
    ("start-cold", "start-warm"): starts,
    ("share-lag",): sharing,
    ("rss-idle", "rss-10k", "search-p95", "search-growth", "catch-up", "search-p95-busy"): growing,
    ("page-rate", "api-rate"): serving,
    ("bus-local",): bus_local,
    ("bus-kafka",): bus_kafka,
}
