"""`make demo-check`: the region's main jobs on fresh nodes, played over HTTP as browsers would, step by step.

First one leaflet that counties share, then one month of a county: members, a meeting for twenty, minutes for sixty, and
what the region sees of it. It stops at the first step that does not go as it should. `make compose-check` plays the
same on containers.
"""

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import click

from services.node.demo import check_leaflet, check_month, check_region
from services.node.demo import world as worlds
from services.node.demo.composed import a_composed_region
from services.node.demo.played import Played
from services.node.demo.playing import Act, Job, Node
from services.node.demo.region import Region, free_ports
from services.node.demo.trouble import TROUBLE
from services.node.demo.world import World

COUNTIES = ("hub", "notts", "derbys", "leics")
STEPS = [*check_region.STEPS, *check_leaflet.STEPS, *check_month.STEPS]


def run(keep: Path | None) -> int:
    """Exit code 0 when every step went as it should; 1 at the first that did not, with what was seen."""
    world = worlds.load(date.today())
    with _folder(keep) as folder:
        return _played(world, folder, [Played(world.county(slug), folder / slug, free_ports()) for slug in COUNTIES])


def run_composed(keep: bool) -> int:
    """The same on the containers of deploy/two-counties. `keep`: they stay and run, for a look."""
    world = worlds.load(date.today())
    with _folder(None) as folder, a_composed_region(world, keep=keep) as nodes:
        return _played(world, folder, nodes, stay=keep)


def _played(world: World, folder: Path, nodes: Sequence[Node], *, stay: bool = False) -> int:
    began = time.monotonic()
    job = Job(Region(nodes), world, folder)
    try:
        for what, act in STEPS if stay else [*STEPS, check_region.THE_END]:
            _play(what, act, job)
    except TROUBLE as seen:
        click.echo(f"      {seen or type(seen).__name__}")
        for node in nodes:
            click.echo(f"      {node.county.name} said last: {node.last_words()}")
        return 1
    finally:
        if not stay:
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
