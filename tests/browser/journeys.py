"""The journeys that members walk most, by keyboard alone."""

from playwright.sync_api import Page, expect

from tests.browser import meeting_journeys, world
from tests.browser.county import County
from tests.browser.looking import tab_to
from tests.browser.standins.members import an_import, some_entries


def find_open_and_use(page: Page, county: County) -> None:
    """Search, open the resource of another county, say "we use this"."""
    county.shelf.put(*world.some_resources())
    page.goto(f"{county.address}/shelf")
    tab_to(page, "Search by words")
    page.keyboard.type("dipstick")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 resource for “dipstick”")
    tab_to(page, "Suspected urine infection")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suspected urine infection")
    tab_to(page, "Aware")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Interested: we want to know more")).to_be_checked()
    tab_to(page, "Save")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("noted as “interested”")


def skip_to_the_content(page: Page, county: County) -> None:
    """The first stop leads past the navigation."""
    county.shelf.put(world.a_resource())
    page.goto(f"{county.address}/shelf")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    tab_to(page, "Search by words", most=2)


def write_and_publish(page: Page, county: County) -> None:
    """A new resource with a link, shared with the region."""
    page.goto(f"{county.address}/resources/new")
    tab_to(page, "Title")
    page.keyboard.type("Drinks trolley: a rota")
    tab_to(page, "Save and go on")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("Your draft is saved")
    tab_to(page, "Add a link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Add a link")
    tab_to(page, "Link")
    page.keyboard.type("https://example.org/rota")
    tab_to(page, "Open Government Licence")
    page.keyboard.press("Space")
    tab_to(page, "Add the link")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The link is added")
    tab_to(page, "choose who may see it")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who may see it?")
    tab_to(page, "My community")
    for _ in range(3):
        page.keyboard.press("ArrowDown")
    expect(page.get_by_label("The whole region")).to_be_checked()
    tab_to(page, "See who that is")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Visible to 2 other counties, never public.")).to_be_visible()
    tab_to(page, "Publish to exactly these people")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("It is published.")


def find_a_member(page: Page, county: County) -> None:
    """Search the directory and open somebody."""
    county.shelf.members.entries = some_entries()
    page.goto(f"{county.address}/members")
    tab_to(page, "Search by name")
    page.keyboard.type("rosa")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("1 member for “rosa”")
    tab_to(page, "Rosalind Okafor")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Rosalind Okafor")


def bring_in_a_file(page: Page, county: County) -> None:
    """Send a file, wait while it is checked, apply the good rows."""
    county.shelf.members.imports = [an_import(state) for state in (1, 1, 2, 3, 4)]
    page.goto(f"{county.address}/members/import")
    tab_to(page, "CSV file")
    # The system's own window for choosing a file cannot be walked from here.
    content = "name,email\nAnn Example,ann@home.example\n".encode("utf-16")
    page.locator("input[type=file]").set_input_files({"name": "m.csv", "mimeType": "text/csv", "buffer": content})
    tab_to(page, "Check the file")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("What was found in your file", timeout=10_000)
    expect(page.get_by_text("Line 7, E-mail")).to_be_visible()
    tab_to(page, "Apply the 58 good rows")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The good rows are in", timeout=10_000)


BY_KEYBOARD = (
    *(find_open_and_use, skip_to_the_content, write_and_publish, find_a_member, bring_in_a_file),
    *meeting_journeys.BY_KEYBOARD,
)
