"""One leaflet in several counties, step by step.

A convenor in Nottinghamshire shares a leaflet with the region; a home manager in Derbyshire finds it, sees where it
comes from, downloads it and says "we use this"; Nottinghamshire sees that. What stays in a county stays there, and
what is withdrawn is gone everywhere.
"""

import hashlib

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
    job.file = Documents(job.folder / "documents").pdf(_TITLE, _SUMMARY, "Nottinghamshire")
    job.leaflet = convenor.write(_TITLE, _SUMMARY)
    convenor.add_file(job.leaflet, job.file)


def preview_and_publish(job: Job) -> None:
    seen = job.people["notts"].publish(job.leaflet, "region")
    for slug in job.readers:
        expect(seen, job.region.node(slug).county.name)


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
    address = convenor.page("/mail").link(leads_to="/mail/")
    # It is listed before it is written.
    until(lambda: "Derbyshire" in convenor.browser.get(address).words, SOON_S, "The mail's words")
    until(lambda: bool(job.region.node("notts").mails()), SOON_S, "A mail that is sent")


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
    for slug in job.readers:
        there(job.people[slug], f"/resources/{marker}")
    if not job.region.node("notts").holding(job.canary):
        raise Unexpected("The canary was not even found in Nottinghamshire, so this search finds nothing.")
    for node in job.region.nodes:
        if node.county.id != "notts" and (found := node.holding(job.canary)):
            raise Unexpected(f"{node.county.name} holds what never should have left: {found}")
    if convenor.page(f"/resources/{own}").status != 200:
        raise Unexpected("Nottinghamshire cannot read its own resource.")


def withdraw(job: Job) -> None:
    convenor = job.people["notts"]
    form = convenor.page(f"/resources/{job.leaflet}/withdraw").form(having="reason")
    expect(convenor.submit(form, reason="The second drink is wrong."), "withdrawn")
    for slug in ("notts", *job.readers):
        gone(job.people[slug], _TITLE)
    for slug in job.readers:
        page = job.people[slug].page(f"/resources/{job.leaflet}", expect=None)
        if page.status == 200 and "withdrawn" not in page.words.lower():
            raise Unexpected(f"{slug} still shows what was withdrawn: {page.glimpse()}")
        node, sha256 = job.region.node(slug), hashlib.sha256(job.file).hexdigest()
        until(lambda: not node.copies(sha256), SOON_S, f"The end of the file at {slug}")  # noqa: B023


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
