"""The stories of the month before the real services, by keyboard alone: 3, 5, 6, 8 and the county's half of 20."""

import re
from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.membership.v1 import membership_pb2
from services.common.clock import utc_now
from tests.browser.looking import tab_to
from tests.browsing import Browser
from tests.waiting import until
from tests.whole_nodes import WholeNode, a_whole_node

ROOM = 20
SHARED = "office@byron.example"
PEOPLE = [f"Person {number:02d} Example;p{number}@homes.example;Home {number % 14};Rushcliffe" for number in range(57)]
FILE = "\n".join(
    [
        "name;email;organisation;localities",
        *PEOPLE,
        f"Una Example;{SHARED};Byron Lodge;Rushcliffe",
        f"Vic Example;{SHARED};Byron Lodge;Rushcliffe",
        "Wes Example;no address;Byron Lodge;Rushcliffe",
        "=SUM(A1);x@homes.example;Byron Lodge;Atlantis",
    ]
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("node")) as running:
        place = membership_pb2.Locality(id="04N", name="Rushcliffe")
        running.operator.PutLocality(membership_pb2.PutLocalityRequest(locality=place))
        yield running


@pytest.fixture(scope="module")
def cath(node: WholeNode) -> Browser:
    """The convenor."""
    return node.signed_in(1, "Cath Example", ROLE_MEMBER, ROLE_CONVENOR)


@pytest.fixture
def page(chromium: Chromium, node: WholeNode, cath: Browser) -> Iterator[Page]:
    """The convenor's browser, at which nobody touches the mouse."""
    context = chromium.new_context()
    for cookie in cath.http.cookies:
        context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": node.url}])
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    context.close()


def press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name, most=150)
    page.keyboard.press(key)


def write(page: Page, name: str, words: str) -> None:
    tab_to(page, name, most=150)
    page.keyboard.type(words)


def check_file(node: WholeNode, page: Page) -> None:
    page.goto(f"{node.url}/members/import")
    tab_to(page, "CSV file")
    # The system's own window for choosing a file cannot be walked from here.
    content = {"name": "members.csv", "mimeType": "text/csv", "buffer": FILE.encode("utf-8-sig")}
    page.locator("input[type=file]").set_input_files(content)  # type: ignore[arg-type]  # playwright's own dictionary
    press(page, "Check the file")
    expect(page.get_by_role("heading", level=1)).to_have_text("What was found in your file", timeout=20_000)


def test_story_3_sixty_members_come_in_from_a_file_and_a_second_time_changes_nothing(
    node: WholeNode, page: Page
) -> None:
    check_file(node, page)

    expect(page.get_by_text("Line 61, email")).to_be_visible()
    expect(page.get_by_text("Line 62, name")).to_be_visible()
    expect(page.get_by_text("Line 62, localities")).to_be_visible()
    press(page, "Apply the 59 good rows")
    expect(page.get_by_role("heading", level=1)).to_have_text("The good rows are in", timeout=20_000)

    check_file(node, page)
    expect(page.get_by_text("all good rows are as they should be already")).to_be_visible()


def plan_a_meeting(node: WholeNode, page: Page, title: str) -> str:
    """Announced, and nobody is mailed; answers its path."""
    day = utc_now() + timedelta(days=9)
    page.goto(f"{node.url}/meetings")
    press(page, "Plan a meeting")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Plan a meeting")
    write(page, "What it is called", title)
    write(page, "Day", day.strftime("%m%d%Y"))
    write(page, "Starts at", "0200PM")
    write(page, "Ends at", "0400PM")
    write(page, "Where", "Library")
    write(page, "Places in the room", str(ROOM))
    press(page, "Save the meeting")
    expect(page.get_by_role("alert")).to_contain_text("The meeting is saved.")
    path = page.url.removeprefix(node.url)
    press(page, "Announce it")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Announce this meeting?")
    press(page, "Announce it")
    expect(page.get_by_role("alert")).to_contain_text("places can be booked. This node has no mail server yet")
    return path


def book(node: WholeNode, number: int, path: str) -> Browser:
    """Somebody books at the page."""
    someone = node.signed_in(number, f"Guest {number} Example", ROLE_MEMBER)
    form = someone.get(path).text.partition(f'action="{path}/book" method="post"')[2].partition("</form>")[0]
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"', form))
    assert someone.post(f"{path}/book", hidden).status_code == 303
    return someone


def a_link_in_the_mail(member: Browser, subject: str, button: str) -> str:
    """From the newest mail with this subject: the address behind these words."""
    found: list[str] = []

    def arrived() -> bool:
        mails = re.findall(r'href="(/mail/[0-9a-f]{32})"[^>]*>([^<]*)', member.get("/mail").text)
        found.extend(path for path, words in mails if subject in words)
        return bool(found)

    until(arrived, f"a mail about “{subject}”", 15)
    text = member.get(found[0]).text
    link = re.search(rf"{button}[^/]*?(?:https?://[^/\s]+)?(/l/[a-z0-9]+)", text, re.S)
    assert link, text
    return link[1]


def test_stories_5_and_6_the_twenty_first_waits_and_has_the_place_when_somebody_cancels_by_a_link(
    node: WholeNode, page: Page, chromium: Chromium
) -> None:
    path = plan_a_meeting(node, page, "Falls at night")
    first, *_ = [book(node, 100 + number, path) for number in range(ROOM)]

    page.goto(node.url + path)
    press(page, "Put me on the waiting list")
    expect(page.get_by_text("You are number 1 on the waiting list").first).to_be_visible()
    expect(page.get_by_role("alert")).to_contain_text("The room holds 20 and all places are taken.")

    link = a_link_in_the_mail(first, "You have a place", "[Gg]ive")
    phone = chromium.new_context(viewport={"width": 360, "height": 640}).new_page()
    phone.goto(node.url + link)
    press(phone, "Give my place back")
    expect(phone.get_by_role("heading", level=1)).to_have_text("You have no place now")
    phone.context.close()

    page.reload()
    expect(page.get_by_text("You have a place in the room.").first).to_be_visible()
    a_link_in_the_mail_of_the_promoted(node, page)


def a_link_in_the_mail_of_the_promoted(node: WholeNode, page: Page) -> None:
    def told() -> bool:
        page.goto(f"{node.url}/mail")
        return page.get_by_role("link", name=re.compile("place (came|is) free")).count() > 0

    until(told, "the promoted have a mail", 15)


def test_story_8_minutes_reach_everybody_and_the_ledger_shows_it(node: WholeNode, page: Page, cath: Browser) -> None:
    now = utc_now().astimezone(ZoneInfo("Europe/London"))
    page.goto(f"{node.url}/meetings/new")
    write(page, "What it is called", "Running now")
    write(page, "Day", now.strftime("%m%d%Y"))
    write(page, "Starts at", "1201AM")
    write(page, "Ends at", "1159PM")
    write(page, "Where", "Library")
    write(page, "Places in the room", "5")
    press(page, "Save the meeting")
    expect(page.get_by_role("alert")).to_contain_text("The meeting is saved.")
    path = page.url.removeprefix(node.url)
    press(page, "Announce it")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Announce this meeting?")
    press(page, "Invite", "Space")
    press(page, "Announce it")
    expect(page.get_by_role("alert")).to_be_visible()

    page.goto(f"{node.url}{path}/minutes/edit")
    write(page, "Title", "Parking")
    write(page, "What was decided", "Blue badges go behind the library.")
    press(page, "Save and look at the mail")
    expect(page.get_by_role("alert")).to_contain_text("The minutes are saved.")
    press(page, "Publish to every member")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Who was sent the minutes")
    ledger = page.url.removeprefix(node.url)
    assert ledger.startswith(f"{path}/minutes/deliveries")
    until(lambda: "reach no mailbox" in cath.get(ledger).text, "all minutes are written")


def test_story_20_the_figures_of_the_county_count_the_month(node: WholeNode, page: Page) -> None:
    until(lambda: _refused(node, page) > 0, "the one who waited is counted", 15)

    press(page, "Refused a place")

    expect(page.get_by_role("heading", level=1)).to_contain_text("Refused a place")
    expect(page.get_by_text("PlaceDecided").first).to_be_visible()


def _refused(node: WholeNode, page: Page) -> int:
    page.goto(f"{node.url}/figures")
    return page.get_by_role("link", name="Refused a place").count()
