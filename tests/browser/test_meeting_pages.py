"""Pages of meetings before stand-in services: forms sent twice, by whom, what is kept, printed and taken away."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from services.common.errors import Conflict, NotFound
from tests.browser import looking, world
from tests.browser import meeting_world as month
from tests.browser.county import County, a_county

AT = f"/meetings/{month.SEPTEMBER}"
OVER = f"/meetings/{month.JULY}"
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"')


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.meetings.put(month.a_meeting(), month.in_july())
        running.shelf.meetings.places = month.some_places()
        yield running


class Visitor:
    """Speaks HTTP with the cookie of somebody who is signed in, or without one."""

    def __init__(self, county: County, who: str = "priya") -> None:
        self._county = county
        self._cookies = {cookie["name"]: cookie["value"] for cookie in [county.sign_in(who)]} if who else {}

    def get(self, path: str, **headers: str) -> requests.Response:
        return requests.get(
            self._county.address + path, cookies=self._cookies, headers=headers, timeout=10, allow_redirects=False
        )

    def post(self, path: str, **fields: Any) -> requests.Response:
        return requests.post(
            self._county.address + path, fields, cookies=self._cookies, timeout=10, allow_redirects=False
        )

    def form(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form that goes to `action`."""
        html = self.get(path).text
        found = html.partition(f'action="{action}" method="post"')[2].partition("</form>")[0]
        return dict(_HIDDEN.findall(found))


@pytest.fixture
def priya(county: County) -> Visitor:
    return Visitor(county)


def asked(county: County, kind: type[Any]) -> list[Any]:
    return [each for each in county.shelf.asked if isinstance(each, kind)]


def test_booking_twice_with_one_form_asks_with_one_id(county: County, priya: Visitor) -> None:
    form = priya.form(AT, f"{AT}/book")

    first, second = (priya.post(f"{AT}/book", **form, wish="1") for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    ids = [each.id for each in asked(county, events.BookPlaceRequest)]
    assert len(ids) == 2 and ids[0] == ids[1] == form["id"]


def test_each_form_of_a_page_has_an_id_of_its_own(priya: Visitor) -> None:
    book, decline = priya.form(AT, f"{AT}/book"), priya.form(AT, f"{AT}/decline")

    assert book["id"] and decline["id"] and book["id"] != decline["id"]


@pytest.mark.parametrize("act", ["book", "give-back", "decline", "edit", "announce", "cancel", "attendance"])
def test_no_form_is_taken_from_another_site(county: County, priya: Visitor, act: str) -> None:
    county.shelf.asked.clear()

    refused = priya.post(f"{AT}/{act}", id=world.id_of("x"), wish="1", version="3", because="No")

    assert refused.status_code == 400
    assert county.shelf.asked == []


def test_going_back_and_sending_a_new_meeting_again_is_the_same_meeting(county: County, priya: Visitor) -> None:
    begun = priya.get("/meetings/new").headers["Location"]
    form = priya.form(begun, "/meetings/new")
    words = {"title": "October", "day": "2026-10-08", "starts": "14:00", "ends": "16:00", "kind": "1", "audience": "1"}

    answers = [priya.post("/meetings/new", **form, **words) for _ in range(2)]

    assert {answer.headers["Location"] for answer in answers} == {f"/meetings/{form['id']}"}
    assert len(county.shelf.meetings.held) == 3


def test_a_number_that_cannot_be_read_is_refused_and_not_taken_for_none(county: County, priya: Visitor) -> None:
    form = priya.form(f"{AT}/edit", f"{AT}/edit")

    priya.post(f"{AT}/edit", **form, title="A", day="2026-10-08", starts="14:00", ends="16:00", room_holds="twenty")

    assert asked(county, events.UpdateMeetingRequest)[0].words.room_holds == -1


def test_a_refusal_that_is_no_race_keeps_the_form_and_says_why(county: County, priya: Visitor) -> None:
    county.shelf.refuse["UpdateMeeting"] = Conflict("This meeting was called off and stays as it is.")
    form = priya.form(f"{AT}/edit", f"{AT}/edit")

    page = priya.post(f"{AT}/edit", **form, title="Typed before it was refused")

    assert page.status_code == 409
    assert "was called off and stays as it is" in page.text and "Typed before it was refused" in page.text


def test_what_somebody_typed_meets_what_was_saved_meanwhile_and_goes_on(county: County, priya: Visitor) -> None:
    form = priya.form(f"{AT}/edit", f"{AT}/edit")
    county.shelf.meetings.held[month.SEPTEMBER].version = 9

    both = priya.post(f"{AT}/edit", **form, title="Mine", venue="Town hall")
    sent = dict(_HIDDEN.findall(both.text.partition(f'action="{AT}/edit"')[2]))
    again = priya.post(f"{AT}/edit", **sent, again="yes")

    assert both.status_code == 409 and "September meeting: falls at night" in both.text
    assert sent["version"] == "9" and sent["title"] == "Mine"
    assert again.status_code == 200 and 'value="Town hall"' in again.text


def test_the_same_change_sent_twice_is_saved_once_and_no_quarrel_with_oneself(county: County, priya: Visitor) -> None:
    fields = {"title": "October", "day": "2026-10-08", "starts": "14:00", "ends": "16:00", "kind": "1", "audience": "1"}
    form = priya.form(f"{AT}/edit", f"{AT}/edit") | fields

    answers = [priya.post(f"{AT}/edit", **form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert county.shelf.meetings.held[month.SEPTEMBER].version == 4


def test_a_page_that_needs_a_member_leads_to_sign_in_and_back(county: County) -> None:
    answer = Visitor(county, "").get(AT)

    assert answer.status_code == 303
    assert answer.headers["Location"] == f"/signin?next=%2Fmeetings%2F{month.SEPTEMBER}"


def test_a_public_meeting_names_nobody_and_hides_its_joining_link(county: County) -> None:
    county.shelf.meetings.put(month.a_meeting(words=month.words(audience=events.MEETING_AUDIENCE_PUBLIC)))

    page = Visitor(county, "").get(AT)

    assert page.status_code == 200 and "Sign in to book" in page.text
    assert "meet.example" not in page.text and "<form" not in page.text.partition("<main")[2]


def test_the_joining_link_is_for_those_with_a_place(county: County) -> None:
    mo = Visitor(county, "mo")
    before = mo.get(AT).text
    mo.post(f"{AT}/book", **mo.form(AT, f"{AT}/book"), wish="2")

    assert "meet.example" not in before and "meet.example" in mo.get(AT).text


def test_of_a_meeting_that_was_called_off_nobody_has_a_place_or_its_joining_link(county: County) -> None:
    mo = Visitor(county, "mo")
    mo.post(f"{AT}/book", **mo.form(AT, f"{AT}/book"), wish="2")
    county.shelf.meetings.held[month.SEPTEMBER].state = facts.MEETING_STATE_CANCELLED

    page = mo.get(AT).text

    assert "You had a place. None is left, because the meeting was called off" in page
    assert "You have a place" not in page and "meet.example" not in page


@pytest.mark.parametrize("page", ["edit", "announce", "cancel", "places", "places/print", "places/for", "attendance"])
def test_a_plain_member_sees_no_page_of_convenors(county: County, page: str) -> None:
    assert Visitor(county, "mo").get(f"{AT}/{page}").status_code == 403


def test_a_calendar_entry_comes_as_a_file_that_calendars_open(priya: Visitor) -> None:
    entry = priya.get(f"{AT}.ics")

    assert entry.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert 'filename="meeting.ics"' in entry.headers["Content-Disposition"]


def test_a_convenor_books_for_a_member_with_a_pass_of_that_member(county: County, priya: Visitor) -> None:
    form = priya.form(f"{AT}/places/for", f"{AT}/places/for")

    answer = priya.post(f"{AT}/places/for", **form, member_id=month.member(7), act="book", wish="1")

    assert answer.status_code == 303
    assert [type(each).__name__ for each in county.shelf.asked][-2:] == ["ActForRequest", "BookPlaceRequest"]
    # Priya herself was given nothing.
    assert county.shelf.meetings.mine == {}


def test_the_list_to_sign_fits_one_page_for_twenty_names(chromium: Browser, county: County) -> None:
    county.shelf.meetings.places = month.some_places(online=0)
    with looking.a_page(chromium, county) as page:
        page.goto(f"{county.address}{AT}/places/print")
        printed = page.pdf(format="A4")
        page.emulate_media(media="print")
        navigation = page.get_by_role("button", name="Sign out").is_visible()

    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    assert not navigation


def test_an_attendance_list_is_a_file_without_formulas(
    county: County, priya: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(month.PEOPLE, month.member(2), ("=HYPERLINK(1)", "@home"))

    text = priya.get(f"{OVER}/attendance.csv").text

    assert "'=HYPERLINK(1),'@home,In the room" in text
    assert "Ada Lowe,Trentside Community Health,In the room" in text


def test_adding_somebody_to_the_list_loses_nothing_that_was_ticked(priya: Visitor) -> None:
    form = priya.form(f"{OVER}/attendance", f"{OVER}/attendance")
    ticked = {f"at-{month.member(1)}": "1", f"at-{month.member(2)}": "3"}

    page = priya.post(f"{OVER}/attendance", **form, **ticked, guests="4", newcomer=month.member(24), add="yes").text

    assert f'name="at-{month.member(1)}" type="radio" value="1" checked' in page
    assert f'name="at-{month.member(2)}" type="radio" value="3" checked' in page
    assert "Yusuf Demir" in page and 'value="4"' in page


def test_before_the_meeting_begins_there_is_no_list_to_fill_in_vain(priya: Visitor) -> None:
    page = priya.get(f"{AT}/attendance").text

    assert "This meeting has not begun yet. From 10 September 2026, 14:00 on" in page
    assert "Save and close the list" not in page


def test_counts_of_mails_come_alone_when_they_are_asked_for_again(county: County, priya: Visitor) -> None:
    county.shelf.deliveries = month.some_deliveries()
    path = f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 1')}"

    part = priya.get(path, **{"HX-Request": "true"}).text

    assert "20 sent" in part and "1 waiting" in part and "2 refused by the other side" in part
    assert "<html" not in part and "Una Kelly" not in part and "every 3s" in part


def test_minutes_go_to_those_who_were_there_and_those_who_were_not(county: County, priya: Visitor) -> None:
    county.shelf.meetings.draft, county.shelf.meetings.draft_version = month.minutes_words(), 3

    page = priya.get(f"{OVER}/minutes/preview").text
    form = priya.form(f"{OVER}/minutes/preview", f"{OVER}/minutes/publish")
    answer = priya.post(f"{OVER}/minutes/publish", **form)

    assert "25 members, each in a mail of their own, present or not" in page
    assert form["version"] == "3" and form["mail"] == "yes"
    assert answer.headers["Location"] == f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 1')}"


def test_the_moment_before_the_first_mail_is_no_missing_page(county: County, priya: Visitor) -> None:
    county.shelf.meetings.editions = [month.an_edition(2, age=20)]
    county.shelf.refuse["ListRecipients"] = NotFound("There are no mails of this kind.")

    just_published = priya.get(f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 2')}")
    another = priya.get(f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 9')}")

    assert just_published.status_code == 200
    assert "The mails are being written" in just_published.text
    assert another.status_code == 404


def test_from_a_members_page_a_convenor_books_for_that_member(county: County, priya: Visitor) -> None:
    listed = priya.get(f"/meetings?for={month.member(7)}").text

    address = re.search(rf'href="({AT}/places/for\?[^"]+)"', listed)
    assert address
    chosen = priya.get(address[1].replace("&amp;", "&")).text
    assert re.search(rf'<option value="{month.member(7)}"( selected)?>', chosen)


def test_what_people_said_of_a_meeting_is_led_to_from_its_page(county: County, priya: Visitor) -> None:
    county.shelf.meetings.put(month.in_july(attendance_closed=True, recorded=False))

    assert f'href="{OVER}/pulse"' in priya.get(OVER).text


def test_of_a_meeting_recorded_afterwards_no_page_speaks_of_a_mail_to_come(county: County, priya: Visitor) -> None:
    county.shelf.meetings.put(month.in_july(attendance_closed=True, recorded=True, minutes_edition=0))
    held = county.shelf.meetings
    held.editions, held.draft, held.draft_version = [], month.minutes_words(), 1

    pages = [priya.get(f"{OVER}/minutes{each}").text for each in ("", "/edit", "/preview")]

    assert [re.findall(r"by mail|be mailed|Where answers go|look at the mail", each) for each in pages] == [[], [], []]
    assert "nobody is mailed" in pages[1] and "Publish, without mail" in pages[2]
