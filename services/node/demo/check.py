"""`make demo-check`: the region's main jobs on fresh nodes, played over HTTP as browsers would, step by step.

First one leaflet that three counties share, then one month of a county: members, a meeting for twenty, minutes for
sixty, and what the region sees of it. It stops at the first step that does not go as it should.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from services.node.demo import check_leaflet, check_month
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.load import Loader
from services.node.demo.page import Unexpected
from services.node.demo.playing import Act, Job, Step
from services.node.demo.region import Region, RunningNode, free_ports
from services.node.demo.trouble import TROUBLE

COUNTIES = ("hub", "notts", "derbys", "leics")
PEOPLE = {"hub": "m093", "notts": check_month.CONVENOR, "derbys": "m066", "leics": "m074"}
"""Who plays at each node; Nottinghamshire's others come by import."""


def run(keep: Path | None) -> int:
    """Exit code 0 when every step went as it should; 1 at the first that did not, with what was seen."""
    began = time.monotonic()
    world = worlds.load(date.today())
    with _folder(keep) as folder:
        nodes = [RunningNode(world.county(slug), folder / slug, free_ports()) for slug in COUNTIES]
        job = Job(Region(nodes), world)
        try:
            for what, act in STEPS:
                _play(what, act, job)
        except TROUBLE as seen:
            click.echo(f"      {seen or type(seen).__name__}")
            for node in nodes:
                click.echo(f"      {node.county.name} said last: {node.last_words()}")
            return 1
        finally:
            job.region.stop()
    click.echo(f"All of it works ({time.monotonic() - began:.1f} s).")
    return 0


def _play(what: str, act: Act, job: Job) -> None:
    began = time.monotonic()
    try:
        act(job)
    except TROUBLE:
        click.echo(f"FAIL  {time.monotonic() - began:6.2f} s  {what}")
        raise
    click.echo(f"ok    {time.monotonic() - began:6.2f} s  {what}")


def start(job: Job) -> None:
    job.region.start()


def enrol(job: Job) -> None:
    for node in job.region.counties:
        job.region.enrol(node)


def let_people_in(job: Job) -> None:
    convenor = job.world.member(PEOPLE["notts"])
    others = [each for each in job.world.members if each.node != convenor.node]
    world = replace(job.world, members=[convenor, *others])
    for slug, member in PEOPLE.items():
        node = job.region.node(slug)
        loader = Loader(world, node, Documents(node.folder.path / "documents"), lambda _: None)
        loader.load_people([world.member(member)])
        job.people[slug] = loader.person(member)
        job.communities[slug] = loader.community_id


def stop(job: Job) -> None:
    for node in job.region.stop():
        raise Unexpected(f"{node.county.name} did not end well; it said last: {node.last_words()}")


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    folder = Path(tempfile.mkdtemp(prefix="fosse-check-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


STEPS: list[Step] = [
    ("a hub and three counties start, each on a folder of its own", start),
    ("the counties ask, the words agree, the hub lets them in", enrol),
    ("people accept their invitations and sign in", let_people_in),
    *check_leaflet.STEPS,
    *check_month.STEPS,
    ("all nodes stop when told to", stop),
]
