"""`make demo`: a region to look around in, filled while its pages answer already, stopped by Ctrl-C."""

import json
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.common.errors import Conflict, Invalid
from services.common.signals import told_to_end
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.enrolling import enrol
from services.node.demo.load import Loader
from services.node.demo.region import Region, RunningNode, ports_from
from services.node.demo.trouble import TROUBLE
from services.node.demo.world import World

_WATCH_S = 1.0
# What a load of today brings; a folder that was loaded with less is filled up.
_LOADED = "people, choices, meetings, resources"


def run(data: Path, counties: str, port: int | None) -> int:
    """Exit code 0 after Ctrl-C, 1 when a node ended by itself."""
    console = Console()
    world = worlds.load(date.today())
    until = told_to_end()
    region = Region(_nodes(world, data, counties, _port(data, port)))
    try:
        with console.status(f"Starting {len(region.nodes)} nodes …"):
            region.start()
        console.print(f"Pages answer: {', '.join(node.address for node in region.nodes)}")
        _fill(region, world, data, console, until)
        if not until.is_set():
            console.print(_table(region, world))
            for line in _full_meetings(region, world):
                console.print(line)
            console.print("Ctrl-C stops all of it; the next start is quick and finds everything again.")
        return _watch(region, console, until)
    except TROUBLE as seen:
        console.print(f"The demo could not go on: {seen}", style="bold")
        console.print("Nothing is lost: the next start goes on where this one stopped.")
        return 1
    finally:
        with console.status("Stopping …"):
            region.stop()


def _nodes(world: World, data: Path, counties: str, port: int) -> list[RunningNode]:
    known = [each.id for each in world.counties]
    asked = known if counties == "all" else ["hub", *(each.strip() for each in counties.split(",") if each.strip())]
    unknown = [each for each in asked if each not in known]
    if unknown:
        raise Invalid(f"There is no county called {unknown[0]}. Choose from {', '.join(known[1:])}, or all.")
    return [
        RunningNode(county, data / county.id, ports_from(port, place))
        for place, county in enumerate(world.counties)
        if county.id in asked
    ]


def _port(data: Path, asked: int | None) -> int:
    """Of the hub. It stays what it was: sign-ins and enrolment are tied to the addresses."""
    path = data / "region.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["port"] if path.exists() else None
    if kept and asked and asked != kept:
        raise Conflict(
            f"The region in {data} lives on port {kept} and those after it. Start it without a port, or in another "
            "folder: fosse demo --data FOLDER --port PORT."
        )
    port: int = kept or asked or 8400
    data.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"port": port}), encoding="utf-8")
    return port


def _fill(region: Region[RunningNode], world: World, data: Path, console: Console, until: threading.Event) -> None:
    """Enrols and loads what is not there yet, each county in a thread of its own."""
    missing = [node for node in region.nodes if not _is_loaded(node)]
    if not missing:
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        for node in missing:
            if not node.county.hub:
                enrol(region.hub, node)
        with ThreadPoolExecutor(len(missing)) as pool:
            loads = [pool.submit(_load, node, world, data, progress, until) for node in missing]
        for each in loads:
            each.result()


def _load(node: RunningNode, world: World, data: Path, progress: Progress, until: threading.Event) -> None:
    task = progress.add_task(node.county.name)

    def tell(_what: str) -> None:
        if until.is_set():
            raise _Stopped
        progress.advance(task)

    loader = Loader(world, node, Documents(data / "documents"), tell)
    progress.update(task, total=loader.steps)
    try:
        loader.load()
    except _Stopped:
        return
    _mark(node).write_text(_LOADED, encoding="utf-8")


class _Stopped(Exception):
    """Ctrl-C while loading; the next start goes on here."""


def _is_loaded(node: RunningNode) -> bool:
    mark = _mark(node)
    return mark.exists() and mark.read_text(encoding="utf-8") == _LOADED


def _mark(node: RunningNode) -> Path:
    return node.folder.path / "demo.loaded"


def _table(region: Region[RunningNode], world: World) -> Table:
    table = Table("County", "Address", "Sign in as", title="Choose “Sign in” on a page, then one of these people")
    for node in region.nodes:
        people = [each for each in world.signing_in(node.county.id) if each.first]
        said = [f"{each.name} ({_role(each.roles) or each.job_title.lower()})" for each in people]
        table.add_row(node.county.name, node.address, "\n".join(said))
        table.add_section()
    return table


def _full_meetings(region: Region[RunningNode], world: World) -> Iterator[str]:
    for node in region.nodes:
        for meeting in world.meetings_of(node.county.id, past=False):
            booked = meeting.booked
            if booked.waiting:
                day = date.fromisoformat(meeting.day)
                seats = f"{len(booked.room)} in the room, {len(booked.waiting)} waiting, {len(booked.online)} online"
                yield f"The next meeting of {node.county.name}, on {day.day} {day:%B}, is full: {seats}."


def _role(roles: Sequence[str]) -> str:
    return ", ".join(role.replace("_", " ") for role in roles if role != "member")


def _watch(region: Region[RunningNode], console: Console, until: threading.Event) -> int:
    while not until.wait(_WATCH_S):
        for node in region.nodes:
            if node.ended():
                console.print(f"{node.county.name} has ended: {node.last_words()}", style="bold")
                console.print(f"Its log is {node.log}. The others are stopped as well; start the demo again.")
                return 1
    return 0
