"""The pages of members before stand-in services: what is sent, what is shown, and what is not."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import requests

from fosse.common.v1.access_pb2 import ROLE_MEMBER
from fosse.membership.v1 import importing_pb2, joining_pb2, membership_pb2
from services.common.errors import Conflict
from tests.browser import world
from tests.browser.county import County, a_county
from tests.browser.standins import PRIYA
from tests.browser.standins.members import a_request, an_import, some_entries

ROSALIND = world.id_of("Rosalind Okafor")
IMPORT = world.id_of("import")


@pytest.fixture
def county() -> Iterator[County]:
    with a_county() as running:
        running.shelf.members.entries = some_entries()
        yield running


@pytest.fixture
def browser(county: County) -> requests.Session:
    return signed_in(county)


def signed_in(county: County, who: str = "priya") -> requests.Session:
    session, cookie = requests.Session(), county.sign_in(who)
    session.cookies.set(cookie["name"], cookie["value"])
    return session


def send(county: County, browser: requests.Session, page: str, to: str, **form: Any) -> requests.Response:
    """The form of a page, as a browser without JavaScript sends it."""
    files = form.pop("files", None)
    html = browser.get(county.address + page, timeout=10).text
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert token is not None
    return browser.post(county.address + to, data={"csrf_token": token[1], **form}, files=files, timeout=10)


def asked(county: County, kind: type) -> Any:
    return next(each for each in county.shelf.asked if isinstance(each, kind))


def test_a_plain_member_sees_no_tools_of_convenors(county: County) -> None:
    plain = replace(PRIYA, roles={world.COMMUNITY.id: frozenset({ROLE_MEMBER})})
    county.shelf.people["ben"] = plain
    county.shelf.members.may_manage = False
    browser = signed_in(county, "ben")

    pages = [browser.get(county.address + path, timeout=10) for path in ("/members", f"/members/{ROSALIND}")]
    closed = [
        browser.get(county.address + path, timeout=10).status_code
        for path in ("/members/import", "/members/joining", f"/members/{ROSALIND}/edit")
    ]

    assert all("Bring in members" not in page.text and "They left" not in page.text for page in pages)
    assert closed == [403, 403, 403]


def test_nobody_looks_at_members_without_signing_in(county: County) -> None:
    for path in ("/members", f"/members/{ROSALIND}", "/members/organisations", "/profile"):
        answer = requests.get(county.address + path, timeout=10, allow_redirects=False)
        assert answer.status_code == 303 and "/signin" in answer.headers["Location"]


def test_a_file_reaches_the_service_as_it_lies_on_the_disk(county: County, browser: requests.Session) -> None:
    content = "name;email\r\nAnn Example;ann@home.example\r\n".encode("utf-16")
    county.shelf.members.imports = [an_import(2)]

    page = send(county, browser, f"/members/import?id={IMPORT}", "/members/import", id=IMPORT,
                files={"file": ("m.csv", io.BytesIO(content))})  # fmt: skip

    sent = asked(county, importing_pb2.CheckImportRequest)
    assert (sent.id, sent.community_id, sent.csv) == (IMPORT, world.COMMUNITY.id, content)
    assert "Apply the 58 good rows" in page.text and "Line 31, Localities" in page.text


def test_a_file_that_is_too_large_is_not_sent_on(county: County, browser: requests.Session) -> None:
    large = {"file": ("m.csv", io.BytesIO(b"x" * (3 * 1024 * 1024 + 1)))}

    page = send(county, browser, f"/members/import?id={IMPORT}", "/members/import", id=IMPORT, files=large)

    assert page.status_code in {413, 422}
    assert not any(isinstance(each, importing_pb2.CheckImportRequest) for each in county.shelf.asked)


def test_an_edit_keeps_what_the_form_does_not_show(county: County, browser: requests.Session) -> None:
    page, form = f"/members/{ROSALIND}/edit", {"name": "Rosalind Okafor", "version": "4", "roles": "2"}
    county.shelf.refuse["PutMember"] = Conflict("Somebody else changed this member meanwhile. Nothing was saved.")

    answer = send(county, browser, page, page, job_title="Matron", **form)

    sent = asked(county, membership_pb2.PutMemberRequest).member
    assert (sent.job_title, sent.version, list(sent.roles), sent.community_id) == (
        "Matron", 4, [1, 2], world.COMMUNITY.id,
    )  # fmt: skip
    assert answer.status_code == 409
    assert "Saved now" in answer.text and "Registered manager" in answer.text and "Matron" in answer.text


def test_vouching_says_who_it_is(county: County, browser: requests.Session) -> None:
    county.shelf.members.requests = [a_request()]
    page = f"/members/joining/{county.shelf.members.requests[0].id}"

    nothing = send(county, browser, page, f"{page}/vouch")
    send(county, browser, page, f"{page}/vouch", who=ROSALIND)

    one = asked(county, joining_pb2.GetJoinRequestRequest)
    assert one.join_request_id == county.shelf.members.requests[0].id
    assert nothing.status_code == 422 and "Say who this is" in nothing.text
    assert asked(county, joining_pb2.VouchForRequest).member_id == ROSALIND


def test_a_request_that_was_answered_meanwhile_says_so(county: County, browser: requests.Session) -> None:
    page = browser.get(f"{county.address}/members/joining/{a_request().id}", timeout=10)

    assert page.status_code == 404 and "it was answered" in page.text


def test_an_import_that_was_given_up_says_what_stands_and_what_to_do(county: County, browser: requests.Session) -> None:
    problem = "This node met a fault of its own at 4 tries and gave up. Send the whole file again, which is safe."
    county.shelf.members.imports = [an_import(6, problem=problem)]

    page = browser.get(f"{county.address}/members/import/{IMPORT}", timeout=10)

    assert problem in page.text and "Send another file" in page.text and "hx-get" not in page.text


def test_a_code_for_a_known_home_alone_is_something_to_apply(county: County, browser: requests.Session) -> None:
    counts = {"new_members": 0, "changed_members": 0, "new_organisations": 0, "changed_organisations": 1}
    county.shelf.members.imports = [an_import(2, **counts)]

    page = browser.get(f"{county.address}/members/import/{IMPORT}", timeout=10)

    assert "Changed organisations" in page.text and "Apply the 58 good rows" in page.text


def test_the_home_page_tells_convenors_who_waits(county: County, browser: requests.Session) -> None:
    county.shelf.members.requests = [a_request()]

    assert "1 person asks to join" in browser.get(county.address, timeout=10).text


def test_somebody_who_is_not_a_member_yet_is_led_to_ask(county: County) -> None:
    browser = signed_in(county, "stranger")

    welcome = browser.get(county.address, timeout=10)
    form = browser.get(f"{county.address}/join", timeout=10)
    answer = send(
        county, browser, "/join", "/join", id=world.id_of("ask"), community_id=world.COMMUNITY.id, name="Ida Example",
        organisation="Oak House", about="Ann knows me.",
    )  # fmt: skip

    sent = asked(county, joining_pb2.AskToJoinRequest)
    assert 'href="/join"' in welcome.text and "How a convenor can know you" in form.text
    assert (sent.name, sent.access_token) == ("Ida Example", "stranger")
    assert "You have asked to join" in answer.text


def test_asking_again_and_again_is_slowed_down(county: County) -> None:
    browser = signed_in(county, "stranger")

    codes = [send(county, browser, "/join", "/join", id=world.id_of(n), name="Ida").status_code for n in range(11)]

    assert codes[-1] == 429 and codes[0] == 200
