"""Promise 45: behind the door, each person may do to each object what their part in its community allows, and no more.

A whole node, asked over HTTP as each of its people. A change names a version that never was, so that one who may
change is told "somebody was first" and nothing moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR
from services.common.access import Person
from services.resource.domain import rights
from tests.browsing import Browser
from tests.members import ANOTHER, COMMUNITY
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.whole_nodes import WholeNode, a_whole_node

SEED = 45
WORDS = {
    "title": "Falls at night",
    "summary": "What helps against falls at night, on one page.",
    "type": "information_leaflet",
    "topics": ["falls"],
    "readers": ["carers"],
}
LINK = {"title": "A page", "licence": "CC-BY-4.0", "link": "https://www.example.org/falls"}
NO_VERSION = 987_654
FORBIDDEN = {401, 403, 404}
WIDE = {"audience": "AUDIENCE_PUBLIC", "expectedVersion": NO_VERSION}
# What is asked of an object: verb, address, body.
ASKED: dict[str, tuple[str, str, dict[str, object] | None]] = {
    "see": ("GET", "/api/v1/resources/{id}", None),
    "page": ("GET", "/resources/{id}", None),
    "change": ("PUT", "/api/v1/resources/{id}", {"words": WORDS, "expectedVersion": NO_VERSION}),
    "add": ("POST", "/api/v1/resources/{id}/links", {**LINK, "partId": "9" * 32, "expectedVersion": NO_VERSION}),
    "edition": ("POST", "/api/v1/resources/{id}:startEdition", {"expectedVersion": NO_VERSION}),
    "withdraw": ("POST", "/api/v1/resources/{id}:withdraw", {"reason": "Old.", "expectedVersion": NO_VERSION}),
    "adoptions": ("GET", "/api/v1/resources/{id}/adoptions", None),
}
READING = {"see", "page"}
OBJECTS = ("draft", "community", "node", "public")
# Who may read what, and who may change it.
READ_BY = {
    "draft": {"author", "convenor"},
    "community": {"author", "convenor", "colleague"},
    "node": {"author", "convenor", "colleague", "other member", "other convenor", "operator"},
    "public": {"author", "convenor", "colleague", "other member", "other convenor", "operator", "nobody"},
}
CHANGED_BY = {
    "draft": {"author", "convenor"},
    "community": {"author", "convenor"},
    "node": {"author", "convenor"},
    # The author may draft a new edition; publishing and correcting it is tried below.
    "public": {"author", "convenor"},
}


@dataclass
class World:
    node: WholeNode
    people: dict[str, Browser]
    tokens: dict[str, str]
    objects: dict[str, str]

    def ask(self, who: str, verb: str, path: str, body: dict[str, object] | None = None) -> int:
        browser = self.people[who]
        headers = {"X-CSRF-Token": self.tokens.get(who, "")}
        answer = browser.http.request(verb, browser.url + path, json=body, headers=headers, allow_redirects=False)
        assert answer.status_code < 500, f"{who} {verb} {path}: {answer.text}"
        # A page leads who is not signed in to the sign-in.
        return 401 if answer.status_code == 303 else answer.status_code

    def draft(self, name: str, number: int) -> None:
        self.objects[name] = f"{number:032x}"
        made: dict[str, object] = {"id": self.objects[name], "communityId": COMMUNITY, "words": WORDS}
        assert self.ask("author", "POST", "/api/v1/resources", made) == 200
        link: dict[str, object] = {**LINK, "partId": f"{number + 500:032x}", "expectedVersion": 1}
        assert self.ask("author", "POST", f"/api/v1/resources/{self.objects[name]}/links", link) == 200

    def publish(self, name: str, who: str, audience: str) -> int:
        body: dict[str, object] = {"audience": audience, "expectedVersion": 2}
        return self.ask(who, "POST", f"/api/v1/resources/{self.objects[name]}:publish", body)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with a_whole_node(tmp_path_factory.mktemp("n")) as node:
        yield a_world(node)


def a_world(node: WholeNode) -> World:
    people = {
        "author": node.signed_in(1, "Ann Author", ROLE_MEMBER),
        "convenor": node.signed_in(2, "Con Venor", ROLE_MEMBER, ROLE_CONVENOR),
        "colleague": node.signed_in(3, "Col League", ROLE_MEMBER),
        "other member": node.signed_in(4, "Mem Other", ROLE_MEMBER, community=ANOTHER),
        "other convenor": node.signed_in(5, "Con Other", ROLE_MEMBER, ROLE_CONVENOR, community=ANOTHER),
        "operator": node.signed_in(6, "Op Erator", ROLE_MEMBER, ROLE_OPERATOR, community=ANOTHER),
    }
    tokens = {who: browser.form_token("/about") for who, browser in people.items()}
    world = World(node, {**people, "nobody": node.fresh()}, tokens, {})
    for number, name in enumerate((*OBJECTS, "wide"), 100):
        world.draft(name, number)
    for name, who, audience in (("community", "author", "COMMUNITY"), ("node", "author", "NODE")):
        assert world.publish(name, who, f"AUDIENCE_{audience}") == 200
    assert world.publish("public", "convenor", "AUDIENCE_PUBLIC") == 200
    return world


def should(who: str, asked: str, what: str) -> bool:
    if asked in READING:
        return who in READ_BY[what]
    if asked == "adoptions":
        # The operator's part is the node, not its shelf: operators here are members as well.
        return who in READ_BY[what] - {"nobody"}
    return who in CHANGED_BY[what]


def wrong_decisions(world: World) -> list[str]:
    wrong = []
    for what in OBJECTS:
        for asked, (verb, path, body) in ASKED.items():
            for who in world.people:
                status = world.ask(who, verb, path.format(id=world.objects[what]), body)
                if (status not in FORBIDDEN) != should(who, asked, what):
                    wrong.append(f"{who} {asked} {what}: {status}")
    return wrong


def wide_open(_resource: object, person: Person | None) -> bool:
    return person is not None


def read_by_all(*_: object) -> bool:
    return True


def test_nobody_but_a_convenor_publishes_beyond_the_node(world: World) -> None:
    refused = {who: world.publish("wide", who, "AUDIENCE_REGION") for who in world.people if who != "convenor"}

    assert set(refused.values()) <= FORBIDDEN
    assert world.publish("wide", "convenor", "AUDIENCE_REGION") == 200


def test_nobody_but_a_convenor_corrects_what_is_seen_beyond_the_node(world: World) -> None:
    path = f"/api/v1/resources/{world.objects['public']}"
    body: dict[str, object] = {"words": {**WORDS, "title": "Falls by night"}, "expectedVersion": 3}

    refused = {who: world.ask(who, "PUT", path, body) for who in world.people if who != "convenor"}

    assert set(refused.values()) <= FORBIDDEN


def test_a_draft_of_one_community_is_not_put_into_another(world: World) -> None:
    for who in ("author", "convenor", "nobody"):
        body: dict[str, object] = {"id": "7" * 32, "communityId": ANOTHER, "words": WORDS}
        assert world.ask(who, "POST", "/api/v1/resources", body) in FORBIDDEN


def test_every_person_may_do_to_every_object_what_they_should(world: World, tmp_path: Path) -> None:
    wrong = wrong_decisions(world)
    with planted((rights, "may_change", wide_open)):
        changing = len(wrong_decisions(world))
    with planted((rights, "may_read", read_by_all)):
        reading = len(wrong_decisions(world))

    decisions = len(OBJECTS) * len(ASKED) * len(world.people)
    figures = f"people={len(world.people)} objects={len(OBJECTS)} decisions={decisions} wrong={len(wrong)}"
    for each in wrong:
        print(each)
    planted_figures = f"planted[anybody changes]={changing} planted[anybody reads]={reading}"
    ok = not wrong and changing > 0 and reading > 0
    promise(45, "embedded", "whose object", ok, f"{figures} {planted_figures}", SEED)
