"""The pages before the real services: a convenor makes, publishes, changes and withdraws; a member finds and uses."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.membership.v1 import membership_pb2
from tests.whole_nodes import WholeNode, a_whole_node

TITLE = "Seven drinks rounds a day"
SUMMARY = "A session, a rota and prompt cards for running seven offered-drink rounds between breakfast and bedtime."


def a_pdf(text: str) -> bytes:
    return f"%PDF-1.4\n% {text}\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n".encode()


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("node")) as running:
        place = membership_pb2.Locality(id="04N", name="Rushcliffe")
        running.operator.PutLocality(membership_pb2.PutLocalityRequest(locality=place))
        yield running


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context()
    page = context.new_page()
    # A page that our policy or a script breaks says so here.
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    yield page
    context.close()


def join(node: WholeNode, page: Page, number: int, name: str, *roles: int) -> None:
    """By the link in an invitation, through the sign-in."""
    path = node.a_member(number, name, *roles)  # type: ignore[arg-type]  # roles are numbers of the enum
    page.goto(node.url + path)
    page.get_by_role("button", name="Sign in and come back").click()
    page.get_by_role("button", name=name).click()
    page.get_by_role("button", name="Join as a member").click()
    expect(page.get_by_role("alert")).to_contain_text("You are now signed in as a member")


def draft(node: WholeNode, page: Page, title: str = TITLE) -> None:
    page.goto(f"{node.url}/resources/new")
    page.get_by_label("Title").fill(title)
    page.get_by_label("Summary").fill(SUMMARY)
    page.get_by_label("What kind of thing it is").select_option(label="Training package")
    page.get_by_label("Hydration").check()
    page.get_by_role("button", name="Save and go on to files").click()
    expect(page.get_by_role("alert")).to_contain_text("Your draft is saved")


def add_handbook(page: Page, title: str = "Handbook") -> None:
    page.get_by_role("button", name="Add a file").click()
    content = a_pdf(title)
    page.locator("input[name=file]").set_input_files(
        {"name": "h.pdf", "mimeType": "application/pdf", "buffer": content}
    )
    page.get_by_label("What it is called").fill(title)
    page.get_by_label("Creative Commons Attribution 4.0").check()
    page.get_by_role("button", name="Add the file").click()
    expect(page.get_by_role("alert")).to_contain_text("is added")


def publish(page: Page, audience: str) -> None:
    page.get_by_label(audience, exact=True).check()
    page.get_by_role("button", name="See who that is").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Exactly who will see this")
    page.get_by_role("button", name="Publish to exactly these people").click()
    expect(page.get_by_role("alert")).to_contain_text("It is published")


def test_a_convenor_publishes_and_a_member_finds_opens_and_uses_it(
    node: WholeNode, page: Page, chromium: Browser
) -> None:
    join(node, page, 1, "Priya Raman", ROLE_MEMBER, ROLE_CONVENOR)
    draft(node, page)
    add_handbook(page)
    page.get_by_role("button", name="Go on: choose who may see it").click()
    publish(page, "My community")

    other = chromium.new_context().new_page()
    join(node, other, 2, "Hanna Webb", ROLE_MEMBER)
    other.goto(f"{node.url}/shelf")
    other.get_by_label("Search by words").press_sequentially("drinks")
    expect(other.get_by_role("status")).to_contain_text("1 resource for “drinks”")
    other.get_by_role("link", name=TITLE).click()
    with other.expect_download() as fetched:
        other.get_by_role("link", name="Download Handbook").click()
    assert Path(fetched.value.path()).read_bytes() == a_pdf("Handbook")
    other.get_by_label("Trialling: we are trying it").check()
    other.get_by_label("Where", exact=True).select_option(label="Rushcliffe")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("noted as “trialling”")

    page.reload()
    expect(page.get_by_role("region", name="Who uses it")).to_contain_text("Rushcliffe")
    other.context.close()


def test_a_new_edition_leaves_the_old_one_readable_and_withdrawing_keeps_the_reason(
    node: WholeNode, page: Page
) -> None:
    join(node, page, 3, "Tom Ellis", ROLE_MEMBER, ROLE_CONVENOR)
    draft(node, page, "Mouth care in pictures")
    add_handbook(page, "Poster")
    page.get_by_role("button", name="Go on: choose who may see it").click()
    publish(page, "Everybody in Notts")
    page.get_by_role("button", name="Start a new edition").click()
    page.get_by_role("button", name="Take out Poster").click()
    add_handbook(page, "Larger poster")
    page.get_by_role("button", name="Publish the new edition").click()
    publish(page, "Everybody in Notts")
    expect(page.get_by_text("Edition 1,")).to_be_visible()
    expect(page.get_by_role("region", name="Files and links")).to_contain_text("Larger poster")

    page.get_by_role("link", name="Withdraw").click()
    page.get_by_label("Why is it withdrawn?").fill("The picture on page 2 is wrong.")
    page.get_by_role("button", name="Withdraw it").click()

    expect(page.get_by_role("heading", name="This was withdrawn")).to_be_visible()
    expect(page.get_by_text("The picture on page 2 is wrong.")).to_be_visible()


def test_the_same_form_sent_twice_makes_one_draft(node: WholeNode, page: Page) -> None:
    join(node, page, 4, "Ana Souza", ROLE_MEMBER)
    draft(node, page, "A rota for the drinks trolley")
    page.go_back()
    page.get_by_role("button", name="Save and go on to files").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Files and links")

    page.goto(f"{node.url}/resources/drafts")

    expect(page.get_by_role("link", name="A rota for the drinks trolley")).to_have_count(1)


def test_two_people_who_edit_one_resource_see_both_texts(node: WholeNode, page: Page) -> None:
    join(node, page, 5, "Ben Okafor", ROLE_MEMBER)
    draft(node, page, "Falls at night")
    page.get_by_role("link", name="Falls at night").first.click()
    page.get_by_role("button", name="Edit the words").click()
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Title").fill("Falls at night: a checklist")
    other.get_by_role("button", name="Save changes").click()
    expect(other.get_by_role("alert")).to_contain_text("Your changes are saved")

    page.get_by_label("Title").fill("Night falls")
    page.get_by_role("button", name="Save changes").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("It was changed meanwhile")
    expect(page.get_by_role("region", name="Saved now")).to_contain_text("Falls at night: a checklist")
    expect(page.get_by_role("region", name="Yours, not saved")).to_contain_text("Night falls")
    page.get_by_role("button", name="Save mine over it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Night falls")


def test_what_was_typed_stays_when_a_form_is_refused(node: WholeNode, page: Page) -> None:
    join(node, page, 6, "Cara Lind", ROLE_MEMBER)
    page.goto(f"{node.url}/resources/new")
    page.get_by_label("Title").fill("A")
    page.get_by_label("Summary").fill("Kept, although the title is too short.")

    page.get_by_role("button", name="Save and go on to files").click()

    expect(page.get_by_role("link", name="Title: between 3 and 200 characters")).to_be_visible()
    expect(page.get_by_label("Summary")).to_have_value("Kept, although the title is too short.")
    page.get_by_role("link", name="Title: between 3 and 200 characters").click()
    expect(page.get_by_label("Title")).to_be_focused()
