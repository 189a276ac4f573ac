"""Makes the pictures of docs/convenors.md anew, in a demo region that it starts, fills and stops.

`PYTHONPATH=.:protos .venv/bin/python -m tests.browser.pictures`, with names of pictures for some of them.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, FloatRect, Page, sync_playwright

from services.common.ids import new_id
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.enrolling import enrol
from services.node.demo.load import Loader
from services.node.demo.mailbox import Mailbox, mails_in
from services.node.demo.person import Person
from services.node.demo.region import Region, RunningNode, free_ports
from services.node.demo.waiting import until
from tests import machine
from tests.conftest import CHROMIUM_ARGUMENTS

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
CONVENOR, WAITS = "m023", "m024"
COUNTIES = ("hub", "notts", "derbys", "leics")
HEAVIEST = 200_000
WIDE, NARROW = 1280, 360
# What of a wide screen is more than margin.
WIDEST = 1160


@dataclass(frozen=True)
class House:
    """A loaded node of the region: where its pages are, its people and its ids."""

    address: str
    folder: Path
    loader: Loader

    def person(self, member: str) -> Person:
        return self.loader.person(member)

    def meeting(self, demo_id: str) -> str:
        return f"/meetings/{self.loader.id(demo_id)}"


Houses = dict[str, House]
Act = Callable[[Page], None]


@dataclass(frozen=True)
class Picture:
    """A page as `who` sees it (or somebody who is not signed in), after `act`: from `top` on, so much of it."""

    name: str
    node: str
    who: str
    path: str
    height: int = 800
    width: int = WIDE
    top: str = "main h1"
    act: Act = lambda _: None


def pictures(houses: Houses) -> Iterator[Picture]:
    """In the order of a convenor's month; what a picture needs is done when its turn comes."""
    notts = houses["notts"]
    convenor, coming = notts.person(CONVENOR), notts.meeting("mt-notts-2026-09")
    yield Picture("import", "notts", CONVENOR, "/members/import", 1000, act=_choose_a_file)
    yield Picture("members", "notts", CONVENOR, "/members", top="body")
    yield Picture("meeting-plan", "notts", CONVENOR, "/meetings/new", act=_write_a_meeting)
    yield Picture("meeting-full", "notts", WAITS, coming, 960, NARROW, top="main .fosse-tags")
    yield Picture("link", "notts", "", _link(notts, "Invitation: "), 560, NARROW, top="body")
    yield Picture("places", "notts", CONVENOR, f"{coming}/places", 700)
    yield Picture("place-for", "notts", CONVENOR, f"{coming}/places/for")
    running = _a_running_meeting(notts, convenor)
    yield Picture("attendance", "notts", CONVENOR, f"{running}/attendance", 600)
    _close(convenor, running)
    yield Picture("minutes", "notts", CONVENOR, f"{running}/minutes/preview", 860)
    convenor.ask("POST", f"{running}/minutes:publish", {"expectedVersion": "1", "mail": True})
    members = len([each for each in worlds.load(date.today()).members_of("notts") if not each.left])
    mailbox = Mailbox(partial(mails_in, notts.folder))
    until(lambda: len(mailbox.letters(about="Minutes: ")) == members, 20, "The minutes in every mailbox")
    yield Picture("ledger", "notts", CONVENOR, f"{running}/minutes/deliveries", 420)
    yield Picture("pulse", "notts", "", _link(notts, "One minute about"), 900, NARROW)
    yield Picture("figures", "notts", CONVENOR, "/figures", 900, top="section:has(#members)")
    yield Picture("region-figures", "hub", "m093", "/region/figures", top="#attendance")


def _choose_a_file(page: Page) -> None:
    """Three who are new and share their home's mailbox, and one row with two mistakes."""
    rows = (
        "name,email,job title,organisation,localities\r\n"
        "Ada Marlowe,team@byronlodge-care.example,Senior carer,Byron Lodge Nursing Home (demo),Rushcliffe\r\n"
        "Bram Marlowe,team@byronlodge-care.example,Night carer,Byron Lodge Nursing Home (demo),Rushcliffe\r\n"
        "Cleo Underhill,team@byronlodge-care.example,Cook,Byron Lodge Nursing Home (demo),Rushcliffe\r\n"
        "Rose Elder,rose.elder@,Registered manager,Byron Lodge Nursing Home (demo),Rushclif\r\n"
    )
    page.set_input_files("[type=file]", {"name": "members.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Rushclif”").wait_for()


def _write_a_meeting(page: Page) -> None:
    day = date.today() + timedelta(weeks=4)
    words = {"title": "Mouth care that residents like", "day": day.isoformat(), "starts": "14:00", "ends": "16:00"}
    for name, value in {**words, "venue": "Meadow Lane Health Centre, Room 2", "room_holds": "20"}.items():
        page.fill(f"[name={name}]", value)


def _a_running_meeting(house: House, convenor: Person) -> str:
    """That began with this minute, with places for some who have no account, and its minutes written."""
    now = datetime.now(ZoneInfo("Europe/London"))
    words = {
        "title": "The drinks trolley, one year on", "kind": "MEETING_KIND_MONTHLY", "day": now.date().isoformat(),
        "audience": "MEETING_AUDIENCE_COMMUNITY", "starts": f"{now:%H:%M}", "ends": "23:59", "roomHolds": 20,
        "venue": "Meadow Lane Health Centre, Room 2",
    }  # fmt: skip
    meeting = new_id()
    path = f"/meetings/{meeting}"
    convenor.ask("POST", "/meetings", {"id": meeting, "communityId": house.loader.community_id, "words": words})
    convenor.ask("POST", f"{path}:announce", {"expectedVersion": "1", "invite": False})
    for number in range(28, 42):
        convenor.book_for(house.loader.id(f"m0{number}"), meeting, new_id(), wish=1)
    item = {
        "title": "What was tried",
        "discussion": "The trolley goes round at three o'clock. Residents choose from four drinks.",
        "decision": "Every home tries it for a month.",
    }
    minutes = {"items": [item], "actions": ["Send the list of drinks to all homes: Clement Birchmoor"]}
    convenor.ask("PUT", f"{path}/minutes", {"expectedVersion": "0", "words": minutes})
    return path


def _close(convenor: Person, path: str) -> None:
    found = (convenor.ask("GET", f"{path}/attendance") or {})["attendance"]
    convenor.ask("PUT", f"{path}/attendance", {"present": found["present"], "close": True})


def _link(house: House, about: str) -> str:
    """Of the first mail about it."""
    mailbox = Mailbox(partial(mails_in, house.folder))
    letters = until(lambda: mailbox.letters(about=about), 20, f"A mail about “{about}”")
    return urlsplit(letters[0].links[0]).path


@contextmanager
def a_region(folder: Path) -> Iterator[Houses]:
    world = worlds.load(date.today())
    region = Region([RunningNode(world.county(slug), folder / slug, free_ports()) for slug in COUNTIES])
    try:
        region.start()
        for county in region.counties:
            enrol(region.hub, county)
        yield {node.county.id: _loaded(world, node, folder) for node in region.nodes}
    finally:
        region.stop()


def _loaded(world: worlds.World, node: RunningNode, folder: Path) -> House:
    loader = Loader(world, node, Documents(folder / "documents"), lambda _: None)
    loader.load()
    return House(node.address, node.folder.path, loader)


def take(browser: Browser, houses: Houses, picture: Picture) -> None:
    house = houses[picture.node]
    context = browser.new_context(viewport={"width": picture.width, "height": 900}, locale="en-GB")
    if picture.who:
        cookies = house.person(picture.who).browser.session.cookies
        context.add_cookies([{"name": one.name, "value": one.value or "", "url": house.address} for one in cookies])
    page = context.new_page()
    page.goto(house.address + picture.path)
    picture.act(page)
    file = PICTURES / f"{picture.name}.png"
    page.screenshot(path=file, full_page=True, clip=_part(page, picture))
    context.close()
    assert file.stat().st_size < HEAVIEST, f"{file.name} is too heavy for a page of text"


def _part(page: Page, picture: Picture) -> FloatRect:
    """Without the empty margins of a wide screen."""
    page.evaluate("scrollTo(0, 0)")
    box, whole = page.locator(picture.top).first.bounding_box(), page.locator("body").bounding_box()
    assert box and whole
    top, margin = max(box["y"] - 24, 0), (picture.width - min(picture.width, WIDEST)) / 2
    height = min(picture.height, whole["height"] - top)
    return {"x": margin, "y": top, "width": picture.width - 2 * margin, "height": height}


def main(wanted: list[str]) -> None:
    with tempfile.TemporaryDirectory(prefix="fosse-pictures-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=machine.chromium_path(), args=CHROMIUM_ARGUMENTS)
        with a_region(Path(folder)) as houses:
            for picture in pictures(houses):
                if not wanted or picture.name in wanted:
                    take(browser, houses, picture)


if __name__ == "__main__":
    main(sys.argv[1:])
