"""The month's pages before the real services: planned, booked, given back, attended, written down and published."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from services.common.clock import utc_now
from tests.browsing import Browser
from tests.whole_nodes import WholeNode, a_whole_node

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"[^>]*? value="([^"]*)"')


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("node")) as running:
        yield running


def send(browser: Browser, page: str, action: str, **fields: Any) -> str:
    """Fills in the form of a page that goes to `action`; answers the page it leads to."""
    html = browser.get(page).text
    form = html.partition(f'action="{action}" method="post"')[2].partition("</form>")[0]
    assert form, f"no form for {action} on {page}"
    sent = browser.post(action, {**dict(_HIDDEN.findall(form)), **fields})
    assert sent.status_code == 303, sent.text
    shown = browser.get(sent.headers["Location"])
    assert shown.status_code == 200, shown.text
    return shown.text


def test_a_month_goes_round_on_the_pages_of_a_node(node: WholeNode) -> None:
    ann = node.signed_in(1, "Ann Example", ROLE_MEMBER, ROLE_CONVENOR)
    ben = node.signed_in(2, "Ben Example", ROLE_MEMBER)
    day = (utc_now() + timedelta(days=9)).date().isoformat()
    words = {"title": "Falls at night", "day": day, "starts": "14:00", "ends": "16:00", "kind": "1", "audience": "1"}
    places = {"room_holds": "1", "online_holds": "5", "venue": "Library", "online_link": "https://meet.example/falls"}
    agenda = {"agenda-1-title": "Welcome", "agenda-1-minutes": "10", "agenda-2-title": "Talk"}

    begun = ann.get("/meetings/new").headers["Location"]
    planned = send(ann, begun, "/meetings/new", **words, **places, **agenda)
    at = f"/meetings/{begun.partition('id=')[2]}"
    assert "Draft, seen by convenors only" in planned and "14:10" in planned
    assert "Falls at night" not in ben.get("/meetings").text
    assert "places can be booked" in send(ann, f"{at}/announce", f"{at}/announce", invite="yes")

    assert "You have a place in the room." in send(ben, at, f"{at}/book", wish="1", access_needs="Large print")
    waits = send(ann, at, f"{at}/book", wish="1")
    assert "You are number 1 on the waiting list" in waits and "meanwhile" in waits
    online = send(ann, at, f"{at}/book", wish="2")
    assert "you are number 1 on the waiting list for the room" in online and "meet.example" in online
    assert "Large print" in ann.get(f"{at}/places").text and "Ben Example" in ann.get(f"{at}/places/print").text
    send(ben, at, f"{at}/decline")
    assert "You have a place in the room" in ann.get(at).text
    assert "moved up by itself" in ann.get(f"{at}/decisions").text
    node.a_member(4, "Dora Example", ROLE_MEMBER)
    for_dora = {"member_id": f"{4:032x}", "act": "book", "wish": "2"}
    assert "booked by Ann Example" in send(ann, f"{at}/places/for", f"{at}/places/for", **for_dora)
    assert "BEGIN:VCALENDAR" in ben.get(f"{at}.ics").text

    assert "Somebody else" not in send(ann, f"{at}/edit", f"{at}/edit", **words, **places | {"room_holds": "2"})
    assert "The hall is flooded" in send(ann, f"{at}/cancel", f"{at}/cancel", because="The hall is flooded.")


def test_minutes_of_a_past_meeting_are_written_and_published(node: WholeNode) -> None:
    cara = node.signed_in(3, "Cara Example", ROLE_MEMBER, ROLE_CONVENOR)
    words = {"title": "In June", "day": "2026-06-11", "starts": "14:00", "ends": "16:00", "kind": "1", "audience": "1"}
    begun = cara.get("/meetings/record").headers["Location"]
    recorded = send(cara, begun, "/meetings/record", **words, present=f"{3:032x}", guests="2", refused="4")
    at = f"/meetings/{begun.partition('id=')[2]}"
    assert "Nobody was mailed" in recorded

    listed = cara.get(f"{at}/attendance").text
    assert "Cara Example" in listed
    saved = send(cara, f"{at}/attendance", f"{at}/attendance", **{f"at-{3:032x}": "3"}, guests="3")
    assert "1 member was there" in saved
    assert "Cara Example" in cara.get(f"{at}/attendance.csv").text

    item = {"item-1-title": "Parking", "item-1-decision": "Behind the library.", "actions": "Tell them: Cara"}
    preview = send(cara, f"{at}/minutes/edit", f"{at}/minutes/edit", **item)
    assert "Behind the library." in preview
    published = send(cara, f"{at}/minutes/preview", f"{at}/minutes/publish")
    assert "The minutes are published" in published and "Behind the library." in published
