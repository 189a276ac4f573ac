"""The month by keyboard alone: book, plan and announce, take attendance, write and publish minutes."""

from playwright.sync_api import Page, expect

from fosse.events.v1 import events_pb2 as events
from tests.browser import meeting_world as month
from tests.browser.county import County
from tests.browser.looking import tab_to


def _press(page: Page, name: str, key: str = "Enter") -> None:
    tab_to(page, name, most=120)
    page.keyboard.press(key)


def _write(page: Page, name: str, words: str) -> None:
    tab_to(page, name, most=120)
    page.keyboard.type(words)


def book_a_place(page: Page, county: County) -> None:
    """From the list to a place in the room, then "I cannot come"."""
    county.shelf.meetings.put(month.a_meeting())
    page.goto(f"{county.address}/meetings")
    _press(page, "Book a place")
    expect(page.get_by_role("heading", level=1)).to_contain_text("September meeting")
    _press(page, "In the room", "Space")
    expect(page.get_by_label("In the room")).to_be_checked()
    _press(page, "Book")
    expect(page.get_by_role("alert")).to_contain_text("You have a place in the room.")
    _press(page, "I cannot come")
    expect(page.get_by_role("alert")).to_contain_text("Thank you for saying that you cannot come.")


def plan_and_announce(page: Page, county: County) -> None:
    """A new meeting with an agenda, then everybody is invited."""
    page.goto(f"{county.address}/meetings")
    _press(page, "Plan a meeting")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Plan a meeting")
    _write(page, "What it is called", "October meeting: blister packs")
    # Month, day, year, as this browser's language has it.
    _write(page, "Day", "10082026")
    _write(page, "Starts at", "0200PM")
    _write(page, "Ends at", "0400PM")
    _write(page, "Where", "Town hall")
    _write(page, "Places in the room", "20")
    _write(page, "Title", "Welcome")
    _press(page, "Save the meeting")
    expect(page.get_by_role("alert")).to_contain_text("The meeting is saved.")
    expect(page.get_by_text("Thursday 8 October 2026")).to_be_visible()
    _press(page, "Announce it")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Announce this meeting?")
    expect(page.get_by_label("Invite 25 members by mail")).to_be_checked()
    _press(page, "Announce it")
    expect(page.get_by_role("alert")).to_contain_text("Every member gets an invitation by mail.")


def take_attendance(page: Page, county: County) -> None:
    """One did not come, one came without a place, two guests; the list is closed."""
    held = county.shelf.meetings
    held.put(month.in_july(attendance_closed=False, minutes_edition=0))
    held.places = month.some_places(room=3, online=1, waiting=0)
    page.goto(f"{county.address}/meetings/{month.JULY}")
    _press(page, "Attendance")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Attendance")
    tab_to(page, "In the room")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    tab_to(page, "Who else was there")
    page.keyboard.type("Esi")
    _press(page, "Add to the list")
    expect(page.get_by_role("group", name="Esi Mensah")).to_be_visible()
    _write(page, "Guests who are no members", "2")
    _press(page, "Save and close the list")
    expect(page.get_by_role("alert")).to_contain_text("saved and closed: 4 members were there")
    assert held.attendance is not None
    assert held.attendance.guests == 2 and held.attendance.closed


def write_and_publish_minutes(page: Page, county: County) -> None:
    """Along the agenda, looked at as a mail, tried on oneself, published to all."""
    held = county.shelf.meetings
    held.put(month.in_july(minutes_edition=0, words=month.words(agenda=[events.AgendaItem(title="Parking")])))
    county.shelf.deliveries = month.some_deliveries()
    page.goto(f"{county.address}/meetings/{month.JULY}")
    _press(page, "Write minutes")
    expect(page.get_by_label("Title").first).to_have_value("Parking")
    _write(page, "What was decided", "Blue badges go behind the library.")
    _write(page, "Actions", "Tell the library: Priya, 1 October")
    _press(page, "Save and look at the mail")
    expect(page.get_by_role("alert")).to_contain_text("The minutes are saved.")
    _press(page, "Mail it to me first")
    expect(page.get_by_role("alert")).to_contain_text("to you alone")
    _press(page, "Publish to every member")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Who was sent the minutes")
    _press(page, "Send again")
    expect(page.get_by_role("alert")).to_contain_text("It is on its way again.")


BY_KEYBOARD = (book_a_place, plan_and_announce, take_attendance, write_and_publish_minutes)
