"""One leaflet, three counties, step by step.

A convenor in Nottinghamshire shares a leaflet with the region; a home manager in Derbyshire finds it, sees where it
comes from, downloads it and says "we use this"; Nottinghamshire sees that. What stays in a county stays there, and
what is withdrawn is gone everywhere.
"""

import hashlib
from pathlib import Path

from services.common.ids import new_id
from services.node.demo.documents import Documents
from services.node.demo.page import Unexpected
from services.node.demo.playing import SOON_S, Job, Step, expect, found, gone, shows, there
from services.node.demo.waiting import until

_TITLE = "Thirsty in the afternoon: a leaflet for families"
_SUMMARY = (
    "What families can offer when they visit in the afternoon, in large print, with four drinks that are easily "
    "forgotten and how to tell the team what was drunk."
)


def write_leaflet(job: Job) -> None:
    convenor = job.people["notts"]
    job.file = Documents(job.region.node("notts").folder.path / "documents").pdf(_TITLE, _SUMMARY, "Nottinghamshire")
    job.leaflet = convenor.write(_TITLE, _SUMMARY)
    convenor.add_file(job.leaflet, job.file)


def preview_and_publish(job: Job) -> None:
    seen = job.people["notts"].publish(job.leaflet, "region")
    for county in ("Derbyshire", "Leicestershire"):
        expect(seen, county)


def find_in_derbyshire(job: Job) -> None:
    found(job.people["derbys"], "thirsty afternoon families", _TITLE)


def look_at_origin(job: Job) -> None:
    page = job.people["derbys"].page(f"/resources/{job.leaflet}")
    expect(page, "Nottinghamshire")
    expect(page, "signature valid")


def download(job: Job) -> None:
    manager = job.people["derbys"]
    address = until(lambda: manager.download_link(job.leaflet), SOON_S, "The arrival of the file")
    came = manager.browser.download(address)
    if hashlib.sha256(came).digest() != hashlib.sha256(job.file).digest():
        raise Unexpected(f"The file has {len(came)} bytes that are not those of the {len(job.file)} sent.")


def say_we_use_this(job: Job) -> None:
    manager = job.people["derbys"]
    form = manager.page(f"/resources/{job.leaflet}").form(leads_to="/adopt")
    place = next(name for name in form.choices["locality"] if name)
    page = manager.submit(form, stage="adopted", locality=place, show_organisation="yes")
    expect(page, "Peak View Residential Home")


def see_it_in_nottinghamshire(job: Job) -> None:
    convenor = job.people["notts"]
    path = f"/resources/{job.leaflet}"
    shows(convenor, path, "Peak View Residential Home")
    shows(convenor, path, "Derbyshire")


def read_the_mail(job: Job) -> None:
    convenor = job.people["notts"]
    shows(convenor, "/mail", _TITLE)
    mail = convenor.browser.get(convenor.page("/mail").link(leads_to="/mail/"))
    expect(mail, "Derbyshire")
    folder = job.region.node("notts").folder.path / "mail"
    until(lambda: any(each.is_file() for each in folder.rglob("*")), SOON_S, f"A mail in {folder}")


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
        there(job.people[slug], f"/resources/{marker}")
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
    expect(convenor.submit(form, reason="The second drink is wrong."), "withdrawn")
    for slug in ("notts", "derbys", "leics"):
        gone(job.people[slug], _TITLE)
    for slug in ("derbys", "leics"):
        page = job.people[slug].page(f"/resources/{job.leaflet}", expect=None)
        if page.status == 200 and "withdrawn" not in page.words.lower():
            raise Unexpected(f"{slug} still shows what was withdrawn: {page.glimpse()}")
        folder = job.region.node(slug).folder.path
        until(lambda: not _copies(folder, job.file), SOON_S, f"The end of the file in {folder}")  # noqa: B023


def _copies(folder: Path, content: bytes) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file() and each.name == hashlib.sha256(content).hexdigest()]


def _files_with(folder: Path, canary: str) -> list[str]:
    wanted = canary.encode()
    files = (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink())
    return [str(each.relative_to(folder)) for each in files if wanted in each.read_bytes()]


STEPS: list[Step] = [
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
]
