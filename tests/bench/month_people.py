"""Ten thousand members from a file, and the page of a meeting that many look at."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from fosse.events.v1 import facts_pb2
from fosse.membership.v1 import importing_pb2 as pb
from fosse.membership.v1.importing_pb2_grpc import ImportingStub
from services.common.channels import Channels
from services.common.ids import new_id
from services.common.wires import Sockets
from services.node.demo.person import Person
from services.node.demo.region import RunningNode
from services.node.demo.waiting import until
from tests.bench.client import measure as ask_pages
from tests.bench.figures import Figure, p95
from tests.bench.places import a_hall_at
from tests.bench.region import a_folder, a_node, a_region, community_of, cookies_of, let_in, resident_mb, without_pages

AREA = "month"
ROWS, RUNS = 10_000, 3
MEETINGS = 10
_DEADLINE_S = 5.0


@dataclass
class Watched:
    """The greatest memory of a node since the watch began, in MB."""

    node: RunningNode
    most: float = 0.0
    _over: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watched":
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.most = max(self.most, resident_mb(self.node.pid))


def imports() -> Iterator[Figure]:
    """A fresh node each time; the file has 14 homes, and notices, but no bad row."""
    checked, applied, grown = zip(*(_import() for _ in range(RUNS)), strict=True)
    yield Figure(AREA, "import-checked", list(checked), "s", 5, most=True, note=f"{ROWS:,} rows")
    yield Figure(AREA, "import-applied", list(applied), "s", 20, most=True, note=f"{ROWS:,} rows")
    yield Figure(AREA, "import-memory", list(grown), "MB", 50, most=True, note="the node's growth at its greatest")


def _import() -> tuple[float, float, float]:
    with a_folder() as folder:
        node = a_node("notts", folder)
        node.start()
        node.wait_until_ready()
        operator = Channels(Sockets(node.folder.running_sockets()), "operator")
        try:
            let_in(node)
            return _timed(operator.stub(ImportingStub, "membership", _DEADLINE_S), node, community_of(node))
        finally:
            operator.close()
            node.ask_to_stop()
            node.wait_until_stopped()


def _timed(importing: ImportingStub, node: RunningNode, community: str) -> tuple[float, float, float]:
    asked, before = new_id(), resident_mb(node.pid)
    with Watched(node) as watched:
        began = time.monotonic()
        importing.CheckImport(pb.CheckImportRequest(id=asked, community_id=community, csv=_file()))
        _wait(importing, asked, pb.IMPORT_STATE_CHECKED)
        checked = time.monotonic() - began
        began = time.monotonic()
        importing.ApplyImport(pb.ApplyImportRequest(id=asked))
        done = _wait(importing, asked, pb.IMPORT_STATE_APPLIED)
        applied = time.monotonic() - began
    assert not done.bad_rows and done.new_members == ROWS, done
    return checked, applied, watched.most - before


def _wait(importing: ImportingStub, asked: str, state: pb.ImportState.ValueType) -> pb.Import:
    def found() -> pb.Import | None:
        one: pb.Import = getattr(importing.GetImport(pb.GetImportRequest(id=asked)), "import")
        return one if one.state == state else None

    return until(found, 120, "The import")


def _file() -> bytes:
    rows = [f"Member {each} Example,m{each}@homes.example,Carer,Home {each % 14},yes" for each in range(ROWS)]
    return "\n".join(["name,email,job title,organisation,listed", *rows]).encode()


def meeting_page() -> Iterator[Figure]:
    """Full meetings with people who wait, looked at by a member who has no place."""
    with a_folder() as folder, a_region(folder, "notts") as region:
        notts = region.node("notts")
        person, community = let_in(notts), community_of(notts)
        with a_hall_at(notts, community) as hall:
            meetings = [hall.announced(20) for _ in range(MEETINGS)]
            for meeting in meetings:
                for number in range(1, 26):
                    place = hall.book(meeting, number, hall.as_(number))
                    assert place.decision in (facts_pb2.DECISION_ROOM, facts_pb2.DECISION_WAITING)
        notts.ask_to_stop()
        notts.wait_until_stopped()
        with without_pages(notts) as address:
            yield _pages(address, [f"/meetings/{each}" for each in meetings], person)


def _pages(address: str, paths: list[str], person: Person) -> Figure:
    cookies = cookies_of(person)
    ask_pages(address, paths, cookies=cookies, seconds=2, connections=8)
    runs = [ask_pages(address, paths, cookies=cookies, seconds=6, connections=8) for _ in range(3)]
    assert not sum(run.bad for run in runs), "some answers were not 200"
    slow = max(p95(run.seconds) for run in runs) * 1000
    rates = [run.rate for run in runs]
    return Figure(AREA, "meeting-page", rates, "/s", 200, most=False, note=f"8 connections, p95 {slow:.0f} ms")
