"""A convenor says "we use this" for a member without an account: a whole node, its pages and its audit trail."""

from collections.abc import Iterator

import pytest

from fosse.common.v1 import housekeeping_pb2 as housekeeping
from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from services.common.channels import Channels
from services.common.wires import Sockets
from tests.browsing import Browser
from tests.members import ANOTHER, COMMUNITY
from tests.waiting import until
from tests.whole_nodes import WholeNode, a_whole_node

CON, ADA, OTHER = f"{2:032x}", f"{3:032x}", f"{4:032x}"
ADOPTION = "e" * 32
RESOURCE = "a" * 32
WORDS = {
    "title": "Falls at night",
    "summary": "What helps against falls at night, on one page.",
    "type": "information_leaflet",
    "topics": ["falls"],
    "readers": ["carers"],
    "evidenceLevel": 2,
}
LINK = {"title": "A page", "licence": "CC-BY-4.0", "link": "https://www.example.org/falls", "partId": "b" * 32}
SAID = {"id": ADOPTION, "stage": "trialling"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeNode]:
    with a_whole_node(tmp_path_factory.mktemp("n")) as node:
        node.a_member(3, "Ada Longstaff", ROLE_MEMBER)
        node.a_member(4, "Otto Elsewhere", ROLE_MEMBER, community=ANOTHER)
        yield node


@pytest.fixture(scope="module")
def con(node: WholeNode) -> Browser:
    con = node.signed_in(2, "Con Venor", ROLE_MEMBER, ROLE_CONVENOR)
    headers = {"X-CSRF-Token": con.form_token("/about")}
    for path, body in (
        ("", {"id": RESOURCE, "communityId": COMMUNITY, "words": WORDS}),
        (f"/{RESOURCE}/links", {**LINK, "expectedVersion": 1}),
        (f"/{RESOURCE}:publish", {"audience": "AUDIENCE_NODE", "expectedVersion": 2}),
    ):
        answer = con.post(f"/api/v1/resources{path}", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
    until(lambda: RESOURCE in con.get("/shelf?q=falls").text, "the index knows it")
    return con


def audited(node: WholeNode, service: str, item_id: str) -> list[tuple[str, str]]:
    channels = Channels(Sockets(node.run_dir), "operator")
    request = housekeeping.ListAuditRequest(item_id=item_id)
    rows = channels.stub(HousekeepingStub, service).ListAudit(request).rows
    channels.close()
    return [(row.actor, row.action) for row in rows]


def test_a_convenor_speaks_for_a_member_and_the_trail_names_both(node: WholeNode, con: Browser) -> None:
    page = con.get(f"/resources/{RESOURCE}?for={ADA}")
    said = con.send(f"/resources/{RESOURCE}/adopt?for={ADA}", f"/resources/{RESOURCE}?for={ADA}", **SAID)

    assert "You speak for Ada Longstaff" in page.text
    assert said.status_code == 302, said.text
    adoption = con.get(f"/api/v1/resources/{RESOURCE}").json()["adoptions"][0]
    assert (adoption["id"], adoption["stage"], adoption.get("mine", False)) == (ADOPTION, "trialling", False)
    assert audited(node, "membership", ADA)[0] == (CON, "acted for")
    assert audited(node, "resource", ADOPTION) == [(CON, "adopted: trialling")]
    assert audited(node, "resource", ADA) == [(CON, "adopted: trialling on behalf of this member")]


def test_the_members_page_leads_a_convenor_over_the_shelf_to_speaking_for_them(con: Browser) -> None:
    member = con.get(f"/members/{ADA}").text
    shelf = con.get(f"/shelf?for={ADA}").text
    searched = con.get(f"/shelf?for={ADA}&q=falls&type=information_leaflet").text

    assert f'href="/shelf?for={ADA}"' in member
    assert "You look for what <strong>Ada Longstaff</strong> uses" in shelf
    for page in (shelf, searched):
        assert f'href="/resources/{RESOURCE}?for={ADA}#we-use-this"' in page
    assert f'href="/shelf?q=falls&amp;for={ADA}"' in searched
    assert f'<input type="hidden" name="for" value="{ADA}">' in searched


def test_a_convenor_speaks_for_nobody_of_another_community(node: WholeNode, con: Browser) -> None:
    said = con.send(f"/resources/{RESOURCE}/adopt?for={OTHER}", f"/resources/{RESOURCE}?for={OTHER}", **SAID)

    assert said.status_code == 403 and "own community" in said.text
    assert "acted for" not in [action for _, action in audited(node, "membership", OTHER)]


def test_a_member_speaks_for_nobody_else(node: WholeNode, con: Browser) -> None:
    mo = node.signed_in(5, "Mo Member", ROLE_MEMBER)
    here = f"/resources/{RESOURCE}"

    page, shelf = mo.get(f"{here}?for={ADA}"), mo.get(f"/shelf?for={ADA}")
    said = mo.send(f"{here}/adopt?for={ADA}", here, id="f" * 32, stage="embedded")

    assert (page.status_code, shelf.status_code, said.status_code) == (403, 403, 403)
    assert "embedded" not in con.get(f"/api/v1/resources/{RESOURCE}").text
