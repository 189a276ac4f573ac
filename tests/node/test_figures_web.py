"""A whole node: what happens in its other services becomes figures on a page and in the API."""

from pathlib import Path

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from tests.members import ANOTHER, COMMUNITY
from tests.waiting import until
from tests.whole_nodes import a_whole_node

LINK = {"title": "A page", "licence": "CC-BY-4.0", "link": "https://www.example.org/falls"}
WORDS = {"title": "Falls at night", "summary": "What helps, on one page.", "type": "guidance", "topics": ["falls"]}


def test_members_and_resources_of_a_community_are_counted_and_shown_to_its_people_alone(tmp_path: Path) -> None:
    with a_whole_node(tmp_path / "n") as node:
        for number in range(10, 22):
            node.a_member(number, f"Member {number}", ROLE_MEMBER)
        cath = node.signed_in(1, "Cath Convenor", ROLE_MEMBER, ROLE_CONVENOR)
        other = node.signed_in(2, "Oz Other", ROLE_MEMBER, community=ANOTHER)
        headers = {"X-CSRF-Token": cath.form_token("/about")}
        resource = "9" * 32

        def send(path: str, **body: object) -> None:
            answer = cath.http.post(f"{cath.url}/api/v1/resources{path}", json=body, headers=headers)
            assert answer.status_code == 200, answer.text

        send("", id=resource, communityId=COMMUNITY, words=WORDS)
        send(f"/{resource}/links", **LINK, partId="8" * 32, expectedVersion=1)
        send(f"/{resource}:publish", audience="AUDIENCE_NODE", expectedVersion=2)

        def last(code: str) -> dict[str, object]:
            found = cath.http.get(f"{cath.url}/api/v1/communities/{COMMUNITY}/indicators/{code}").json()
            figure: dict[str, object] = found["series"]["figures"][-1]
            return figure

        until(lambda: last("members").get("number") == "15", "13 members are counted, and rounded")
        until(lambda: last("resources_shared").get("number") == "1", "the resource is counted")

        page = cath.http.get(f"{cath.url}/figures")
        assert page.status_code == 200
        assert "Members: 15 at the end of" in page.text and "Resources shared: 1 in" in page.text
        for path in (f"/figures?community={COMMUNITY}", f"/api/v1/communities/{COMMUNITY}/indicators"):
            assert other.http.get(other.url + path).status_code == 404
        assert cath.http.get(f"{cath.url}/region/figures").status_code == 200
