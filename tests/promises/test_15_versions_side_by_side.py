"""Promise 15: the version before works on while the next one enlarges its databases, beside it and after it."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

import grpc
import pytest
from sqlalchemy import select

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.common.v1.audience_pb2 import AUDIENCE_PUBLIC
from fosse.resource.v1 import resource_pb2 as pb
from fosse.resource.v1.facts_pb2 import ResourceChanged
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common import facts, seen
from services.common.channels import Channels
from services.common.database import Database
from services.common.errors import Refusal
from services.common.topics import SERVICES, kind
from services.common.wires import Sockets
from tests.broker import Broker
from tests.containers.county import County, Process, a_county
from tests.databases import PostgresDatabases
from tests.newer import a_newer_tree
from tests.promises.promise import promise
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

SEED = 15
SHARED_AT_LEAST = 5
pytestmark = [pytest.mark.xdist_group("kafka"), pytest.mark.timeout(600)]
# Facts are told and heard in tables that the next version made larger, and so is what they are about.
NEXT = {
    "floor": 'op.add_column("facts", sa.Column("hint", sa.String(20)))\n'
    'op.add_column("seen", sa.Column("times", sa.Integer, nullable=False, server_default="1"))',
    "resource": 'op.add_column("resource", sa.Column("hue", sa.Integer, nullable=False, server_default="1"))\n'
    'op.create_table("shades", sa.Column("id", sa.String(64), primary_key=True))',
    "evaluation": 'op.create_index("seen_by_time", "seen", ["at", "consumer"])',
}
BESIDE = ("resource", "evaluation")
NOT_SERVING = 'serves = "resource_0002"\n\nop.drop_column("resource", "hue")'
CARELESS = 'op.alter_column("resource", "title", new_column_name="headline")'
Convenor = Callable[[], Sequence[tuple[str, str]]]
_numbers = count(2_000)


class Sharing:
    """A convenor who shares one leaflet after the other."""

    def __init__(self, resources: ResourcesStub, convenor: Convenor) -> None:
        """`convenor` makes metadata with a pass of theirs, which lives a minute."""
        self.shared: list[str] = []
        self.failed: list[str] = []
        self._resources = resources
        self._convenor = convenor
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._go_on)

    def __enter__(self) -> "Sharing":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()

    def some_more(self, of: str) -> None:
        goal = len(self.shared) + SHARED_AT_LEAST
        until(lambda: len(self.shared) >= goal or len(self.failed) > 3, f"more is shared through {of}")

    def one(self) -> None:
        leaflet, part = an_id(next(_numbers)), an_id(next(_numbers))
        words = pb.Words(
            title="Falls at night",
            summary="What to look for, on one page.",
            type="information_leaflet",
            topics=["hydration"],
        )
        link = pb.AddLinkPartRequest(
            resource_id=leaflet, expected_version=1, part_id=part, title="Falls at night", licence="CC-BY-4.0",
            link="https://a.example",
        )  # fmt: skip
        publish = pb.PublishResourceRequest(id=leaflet, expected_version=2, audience=AUDIENCE_PUBLIC)
        try:
            create = pb.CreateResourceRequest(id=leaflet, community_id=CARE_HOMES, words=words)
            convenor = tuple(self._convenor())
            self._resources.CreateResource(create, metadata=convenor)
            self._resources.AddLinkPart(link, metadata=convenor)
            self._resources.PublishResource(publish, metadata=convenor)
            self.shared.append(leaflet)
        except (grpc.RpcError, Refusal) as fault:
            self.failed.append(f"{type(fault).__name__} {fault} {getattr(fault, 'fields', '')}"[:300])

    def _go_on(self) -> None:
        while not self._enough.is_set():
            self.one()


def test_the_version_before_works_on_while_the_next_one_enlarges_its_databases_and_when_it_is_called_off(
    tmp_path_factory: pytest.TempPathFactory, postgres_databases: PostgresDatabases, broker: Broker
) -> None:
    # Unix sockets take short paths only.
    folder = tmp_path_factory.mktemp("v")
    newer = a_newer_tree(folder / "newer", NEXT)
    with a_county(folder, postgres_databases, broker.address) as county:
        county.a_member(1, "Ann", ROLE_CONVENOR)
        ann = partial(county.a_pass, "Ann")
        with Sharing(county.resources, ann) as before:
            before.some_more("the version before")
            with ThreadPoolExecutor() as pool:
                expanded = list(pool.map(lambda process: migrated(process, newer), county.processes.values()))
            with beside(county, newer, folder / "b") as resources, Sharing(resources, ann) as after:
                before.some_more("the version before, on larger databases")
                after.some_more("the next version")
            before.some_more("the version before, alone again")
        # Called off: what ran before starts again.
        for name in BESIDE:
            county.processes[name].stop()
            county.processes[name].start()
        until(lambda: all(county.answers(name) for name in SERVICES), "the version before answers again", 60)
        until(lambda: unheard(county) == 0, "all facts are heard")
        missed = unheard(county)
        parked = sum(county.housekeeping(name).parked for name in SERVICES)
        refused = refusal(county, folder / "refused", newer)
        caught = careless_is_caught(county, folder / "careless", newer, ann)

    failed = [*before.failed, *after.failed]
    figures = f"shared_before={len(before.shared)} shared_next={len(after.shared)} failed={len(failed)} "
    figures += f"unheard={missed} parked={parked} contraction_refused={refused} "
    figures += f"planted[a column renamed]={caught} {failed[:1] or ''}"
    kept = expanded == [0] * len(expanded) and failed == [] and (missed, parked, refused) == (0, 0, 1) and caught > 0
    promise(15, "stack", "versions side by side", kept, figures.strip(), SEED)


def migrated(process: Process, tree: Path) -> int:
    """By another version's set-up."""
    return Process(process.name, process.settings, process.log, tree).run("--migrate").returncode


@contextmanager
def beside(county: County, tree: Path, folder: Path) -> Iterator[ResourcesStub]:
    """Some services of another version on the same databases and topics; the rest they share with the county."""
    folder.mkdir(mode=0o700)
    running: Mapping[str, Process] = {name: _another(county, name, tree, folder) for name in BESIDE}
    for name in set(SERVICES) - set(BESIDE):
        (folder / f"{name}.sock").symlink_to(county.folder / "run" / f"{name}.sock")
    channels = Channels(Sockets(folder), "gateway")
    for each in running.values():
        each.start()
    until(lambda: all((folder / f"{name}.sock").exists() for name in BESIDE), "the next version is there", 60)
    yield channels.stub(ResourcesStub, "resource", 5.0)
    channels.close()
    assert [each.stop() for each in running.values()] == [0] * len(BESIDE)


def _another(county: County, name: str, tree: Path, folder: Path) -> Process:
    # An index has one writer, and a folder one owner.
    (folder / name).mkdir()
    own = {"run_dir": str(folder), "data_dir": str(folder / name)}
    return Process(name, {**county.processes[name].settings, **own}, folder / f"{name}.log", tree)


def unheard(county: County) -> int:
    """Changes of leaflets, by whichever version, that nobody counted."""
    said = select(facts.facts.c.message_id).where(facts.facts.c.kind == kind(ResourceChanged))
    heard = select(seen.seen.c.message_id).where(seen.seen.c.consumer == "evaluation")
    found = []
    for name, asked in (("resource", said), ("evaluation", heard)):
        db = Database(county.processes[name].settings["database"])
        with db.read() as conn:
            found.append(set(conn.scalars(asked)))
        db.dispose()
    return len(found[0] - found[1])


def refusal(county: County, folder: Path, newer: Path) -> int:
    """What takes away what the running version may need is not done beside it, and changes nothing."""
    tree = a_newer_tree(folder, {"resource": NOT_SERVING}, base=newer)
    process = county.processes["resource"]
    done = Process(process.name, process.settings, process.log, tree).run("--migrate")
    return int(done.returncode != 0 and "leaves out a version" in done.stderr and county.answers("resource"))


def careless_is_caught(county: County, folder: Path, newer: Path, convenor: Convenor) -> int:
    """Planted in the version after: it calls itself an expansion, and is none."""
    migrated(county.processes["resource"], a_newer_tree(folder, {"resource": CARELESS}, base=newer))
    sharing = Sharing(county.resources, convenor)
    sharing.one()
    return len(sharing.failed)
