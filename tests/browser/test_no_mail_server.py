"""Pages of a node without a mail server, whose mails reach nobody: none of them promises any."""

import re
from collections.abc import Iterator

import pytest

from fosse.events.v1 import facts_pb2 as facts
from fosse.notification.v1 import notification_pb2 as notification
from tests.browser import meeting_world as month
from tests.browser import world
from tests.browser.county import County, a_county
from tests.browsing import Browser

AT, OVER = f"/meetings/{month.SEPTEMBER}", f"/meetings/{month.JULY}"
KEPT = "This node has no mail server yet: its mails reach no mailbox. Each finds theirs under “Mail”, an operator all."
PROMISES = re.compile(
    r"(gets?|gets? them|invitation|told|hear of it|question) by mail|gets one mail|a mail of their own|Mail goes to|"
    r"(Sent|mailed) to every member|(their|its) way to"
)


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.mails_kept = True
        held = running.shelf.meetings
        held.put(month.a_meeting(), month.in_july(attendance_closed=False))
        held.places, held.draft, held.draft_version = month.some_places(), month.minutes_words(), 3
        running.shelf.deliveries = [month.a_delivery(1, notification.DELIVERY_STATE_SENT)]
        yield running


@pytest.fixture
def priya(county: County) -> Iterator[Browser]:
    with Browser(county.address) as browser:
        yield county.signed_in(browser)


@pytest.mark.parametrize(
    "path",
    [
        f"{AT}/announce",
        f"{AT}/cancel",
        f"{OVER}/attendance",
        f"{OVER}/minutes/edit",
        f"{OVER}/minutes/preview",
        f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 1')}",
        "/profile",
        "/mail",
    ],
)
def test_a_page_says_that_mails_reach_nobody_and_promises_none(priya: Browser, path: str) -> None:
    page = priya.get(path)

    assert page.status_code == 200
    assert KEPT in page.text and not PROMISES.search(page.text)


def test_who_announces_a_meeting_reads_that_the_invitations_reach_nobody(county: County, priya: Browser) -> None:
    county.shelf.meetings.put(month.a_meeting(state=facts.MEETING_STATE_DRAFT))

    asked = priya.get(f"{AT}/announce").text
    priya.send(f"{AT}/announce", version="3", invite="yes")
    told = priya.get(AT).text

    assert KEPT in asked and f"places can be booked. {KEPT}" in told
    assert not PROMISES.search(asked) and not PROMISES.search(told)


def test_minutes_kept_here_are_not_called_sent(priya: Browser) -> None:
    ledger = priya.get(f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 1')}&show=all").text

    assert "1 kept here" in ledger and "1 sent" not in ledger


def test_where_a_mail_server_is_named_the_pages_say_by_mail(county: County, priya: Browser) -> None:
    county.shelf.mails_kept = False

    page = priya.get(f"{AT}/cancel").text

    assert "told by mail" in page and KEPT not in page
