"""`make demo-check`: the main job on a fresh region, played over HTTP as browsers would, step by step.

A convenor in Nottinghamshire shares a leaflet with the region; a home manager in Derbyshire finds it, sees where it
comes from, downloads it and says "we use this"; Nottinghamshire sees that. What stays in a county stays there, and
what is withdrawn is gone everywhere.
"""

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import click

from services.common.ids import new_id
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.load import Loader
from services.node.demo.page import Page, Unexpected
from services.node.demo.person import Person
from services.node.demo.region import Region, RunningNode, free_ports
from services.node.demo.trouble import TROUBLE
from services.node.demo.waiting import until

COUNTIES = ("hub", "notts", "derbys", "leics")
CONVENOR, MANAGER, OTHER = "m023", "m066", "m074"
_SOON_S = 20.0
_TITLE = "Thirsty in the afternoon: a leaflet for families"
_SUMMARY = (
    "What families can offer when they visit in the afternoon, in large print, with four drinks that are easily "
    "forgotten and how to tell the team what was drunk."
)


@dataclass
class Job:
    """What the steps hand on to each other."""

    region: Region
    people: dict[str, Person] = field(default_factory=dict)
    leaflet: str = ""
    file: bytes = b""
    canary: str = ""


def run(keep: Path | None) -> int:
    """Exit code 0 when every step went as it should; 1 at the first that did not, with what was seen."""
    began = time.monotonic()
    with _folder(keep) as folder:
        nodes = [RunningNode(each, folder / each.id, free_ports()) for each in _counties()]
        job = Job(Region(nodes))
        try:
            for what, step in STEPS:
                _play(what, step, job)
        except TROUBLE as seen:
            click.echo(f"      {seen or type(seen).__name__}")
            for node in nodes:
                click.echo(f"      {node.county.name} said last: {node.last_words()}")
            return 1
        finally:
            job.region.stop()
    click.echo(f"All of it works ({time.monotonic() - began:.1f} s).")
    return 0


def _play(what: str, step: Callable[[Job], None], job: Job) -> None:
    began = time.monotonic()
    try:
        step(job)
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
    world = worlds.load(date.today())
    wanted = {"notts": CONVENOR, "derbys": MANAGER, "leics": OTHER}
    for slug, member in wanted.items():
        node = job.region.node(slug)
        loader = Loader(world, node, Documents(node.folder.path / "documents"), lambda _: None)
        loader.load_people([world.member(member)])
        job.people[slug] = loader.person(member)


def write_leaflet(job: Job) -> None:
    convenor = job.people["notts"]
    job.file = Documents(job.region.node("notts").folder.path / "documents").pdf(_TITLE, _SUMMARY, "Nottinghamshire")
    job.leaflet = convenor.write(_TITLE, _SUMMARY)
    convenor.add_file(job.leaflet, job.file)


def preview_and_publish(job: Job) -> None:
    seen = job.people["notts"].publish(job.leaflet, "region")
    for county in ("Derbyshire", "Leicestershire"):
        _expect(seen, county)


def find_in_derbyshire(job: Job) -> None:
    _found(job.people["derbys"], "thirsty afternoon families", _TITLE)


def look_at_origin(job: Job) -> None:
    page = job.people["derbys"].page(f"/resources/{job.leaflet}")
    _expect(page, "Nottinghamshire")
    _expect(page, "signature valid")


def download(job: Job) -> None:
    manager = job.people["derbys"]
    address = until(lambda: manager.download_link(job.leaflet), _SOON_S, "The arrival of the file")
    came = manager.browser.download(address)
    if hashlib.sha256(came).digest() != hashlib.sha256(job.file).digest():
        raise Unexpected(f"The file has {len(came)} bytes that are not those of the {len(job.file)} sent.")


def say_we_use_this(job: Job) -> None:
    manager = job.people["derbys"]
    form = manager.page(f"/resources/{job.leaflet}").form(leads_to="/adopt")
    place = next(name for name in form.choices["locality"] if name)
    page = manager.submit(form, stage="adopted", locality=place, show_organisation="yes")
    _expect(page, "Peak View Residential Home")


def see_it_in_nottinghamshire(job: Job) -> None:
    convenor = job.people["notts"]
    path = f"/resources/{job.leaflet}"
    _shows(convenor, path, "Peak View Residential Home")
    _shows(convenor, path, "Derbyshire")


def read_the_mail(job: Job) -> None:
    convenor = job.people["notts"]
    _shows(convenor, "/mail", _TITLE)
    mail = convenor.browser.get(convenor.page("/mail").link(leads_to="/mail/"))
    _expect(mail, "Derbyshire")
    folder = job.region.node("notts").folder.path / "mail"
    until(lambda: any(each.is_file() for each in folder.rglob("*")), _SOON_S, f"A mail in {folder}")


def keep_to_the_county(job: Job) -> None:
    """A marker shared afterwards has travelled everywhere; the county's own item must not have."""
    convenor = job.people["notts"]
    job.canary = f"canary{new_id()}"
    own = convenor.write(f"For this county only {job.canary}", f"Kept here. {_SUMMARY} {job.canary}")
    convenor.add_file(own, job.file + f"\n%{job.canary}\n".encode())
    convenor.publish(own, "node")
    marker = convenor.write(f"Marker {new_id()} for the region", _SUMMARY)
    convenor.add_file(marker, job.file + b"\n%marker\n")
    convenor.publish(marker, "region")
    for slug in ("derbys", "leics"):
        _there(job.people[slug], f"/resources/{marker}")
    if not _files_with(job.region.node("notts").folder.path, job.canary):
        raise Unexpected("The canary was not even found in Nottinghamshire, so this search finds nothing.")
    for node in job.region.nodes:
        if node.county.id != "notts" and (found := _files_with(node.folder.path, job.canary)):
            raise Unexpected(f"{node.county.name} holds what never should have left: {found}")
    if convenor.page(f"/resources/{own}").status != 200:
        raise Unexpected("Nottinghamshire cannot read its own resource.")


def withdraw(job: Job) -> None:
    convenor = job.people["notts"]
    form = convenor.page(f"/resources/{job.leaflet}/withdraw").form(having="reason")
    _expect(convenor.submit(form, reason="The second drink is wrong."), "withdrawn")
    for slug in ("notts", "derbys", "leics"):
        _gone(job.people[slug], _TITLE)
    for slug in ("derbys", "leics"):
        page = job.people[slug].page(f"/resources/{job.leaflet}", expect=None)
        if page.status == 200 and "withdrawn" not in page.words.lower():
            raise Unexpected(f"{slug} still shows what was withdrawn: {page.glimpse()}")
        folder = job.region.node(slug).folder.path
        until(lambda: not _copies(folder, job.file), _SOON_S, f"The end of the file in {folder}")  # noqa: B023


def stop(job: Job) -> None:
    for node in job.region.stop():
        raise Unexpected(f"{node.county.name} did not end well; it said last: {node.last_words()}")


STEPS: list[tuple[str, Callable[[Job], None]]] = [
    ("a hub and three counties start, each on a folder of its own", start),
    ("the counties ask, the words agree, the hub lets them in", enrol),
    ("people accept their invitations and sign in", let_people_in),
    ("the Nottinghamshire convenor writes a leaflet and adds its file", write_leaflet),
    ("sees who would read it, and publishes it to the region", preview_and_publish),
    ("a Derbyshire home manager finds it by search", find_in_derbyshire),
    ("opens it: from Nottinghamshire, signature valid", look_at_origin),
    ("downloads the file, byte for byte the same", download),
    ("says “we use this”", say_we_use_this),
    ("the Nottinghamshire author sees Derbyshire on the page", see_it_in_nottinghamshire),
    ("and has a mail about it", read_the_mail),
    ("what is for one county is on no other node's disk", keep_to_the_county),
    ("what is withdrawn disappears everywhere", withdraw),
    ("all nodes stop when told to", stop),
]


def _counties() -> list[worlds.County]:
    world = worlds.load(date.today())
    return [world.county(slug) for slug in COUNTIES]


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


def _found(person: Person, words: str, title: str) -> None:
    until(lambda: any(title in each for each in person.search(words)), _SOON_S, f"Finding “{title}”")


def _gone(person: Person, title: str) -> None:
    until(lambda: title not in person.search(title), _SOON_S, f"The end of “{title}” at {person.address}")


def _there(person: Person, path: str) -> None:
    until(lambda: person.status(path) == 200, _SOON_S, f"The arrival of {person.address}{path}")


def _shows(person: Person, path: str, words: str) -> None:
    def seen() -> str:
        return person.page(path).glimpse()

    until(lambda: words in person.page(path).words, _SOON_S, f"“{words}” on {path}", seen)


def _expect(page: Page, words: str) -> None:
    if words.lower() not in page.words.lower():
        raise Unexpected(f"“{words}” is not on {page.glimpse()}")


def _copies(folder: Path, content: bytes) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() and each.name == hashlib.sha256(content).hexdigest()]


def _files_with(folder: Path, canary: str) -> list[str]:
    wanted = canary.encode()
    files = (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    return [str(each.relative_to(folder)) for each in files if wanted in each.read_bytes()]
