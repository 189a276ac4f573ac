"""Promise 2: over any history of changes, refusals and crashes, the facts say what happened: no more, no less."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule
from sqlalchemy import Connection, select

from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import ResourceAdopted, ResourceChanged
from services.common.files import Folder
from services.common.topics import kind
from services.resource.domain.adoption import Saying
from services.resource.domain.audience import Audience
from services.resource.domain.parts import PartWords
from services.resource.domain.resource import Publishing
from services.resource.store import resources
from services.resource.store.tables import adoption, resource
from services.resource.usecases import adopting, drafting, publishing
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf, save
from services.resource.usecases.taking import take_entries
from tests.databases import SqliteDatabases, open_database
from tests.promises.histories import HISTORIES, SEED, UNTIL_CAUGHT, DualWrite, History, play
from tests.promises.promise import promise
from tests.unit.resource.entries import a_body, a_put
from tests.unit.resource.shelves import CARE_HOMES, NOW, VOCABULARY, a_convenor, a_member, an_id, some_words

ANN, CATH = a_member(1), a_convenor()
ITEMS = st.integers(1, 2)
OWN = resource.c.origin_node_id == ""
ADOPTIONS = adoption.c.id, adoption.c.version, adoption.c.node_id == ""
# Mostly the version that stands, sometimes an older or a later one.
OFF = st.sampled_from([0, 0, 0, 0, -1, 1])


class Resources(History):
    """Changes in any order, by anybody, with right and wrong versions; some crash before their commit."""

    TOLD = (ResourceChanged, ResourceAdopted, ItemShared)
    shelf: Shelf

    def version(self, item: int) -> int:
        with self.db.read() as conn:
            found = resources.find(conn, an_id(100 + item))
        return found.version if found else 1

    @initialize()
    def begin(self) -> None:
        for item in (1, 2):
            self.create(item, "One title")
            self.add_link(item, 0, 1)

    @rule(item=ITEMS, title=st.sampled_from(["One title", "Another title", ""]))
    def create(self, item: int, title: str) -> None:
        words = some_words(title=title)
        self.tried(
            lambda: drafting.create(
                self.shelf, an_id(100 + item), community_id=CARE_HOMES, words=words, person=ANN, now=NOW
            )
        )

    @rule(item=ITEMS, off=OFF, title=st.sampled_from(["A title", "The title"]))
    def reword(self, item: int, off: int, title: str) -> None:
        words = some_words(title=title)
        self.tried(
            lambda: drafting.update(
                self.shelf,
                an_id(100 + item),
                expected_version=self.version(item) + off,
                words=words,
                person=CATH,
                now=NOW,
            )
        )

    @rule(item=ITEMS, off=OFF, part=st.integers(1, 2))
    def add_link(self, item: int, off: int, part: int) -> None:
        target, words = (
            Target(an_id(100 + item), self.version(item) + off),
            PartWords(an_id(900 + part), "Film", "LINK-ONLY", False),
        )
        link = "https://example.org/film"
        self.tried(lambda: drafting.add_link(self.shelf, target, words, link=link, person=ANN, now=NOW))

    @rule(item=ITEMS, off=OFF, audience=st.sampled_from(Audience), person=st.sampled_from([ANN, CATH]))
    def publish(self, item: int, off: int, audience: Audience, person: Any) -> None:
        wish = Publishing(audience, (an_id(1),))
        self.tried(
            lambda: publishing.publish(
                self.shelf, an_id(100 + item), wish, expected_version=self.version(item) + off, person=person, now=NOW
            )
        )

    @rule(item=ITEMS, off=OFF)
    def start_edition(self, item: int, off: int) -> None:
        self.tried(
            lambda: publishing.start_edition(
                self.shelf, an_id(100 + item), expected_version=self.version(item) + off, person=ANN, now=NOW
            )
        )

    @rule(item=ITEMS, off=OFF)
    def withdraw(self, item: int, off: int) -> None:
        self.tried(
            lambda: publishing.withdraw(
                self.shelf,
                an_id(100 + item),
                expected_version=self.version(item) + off,
                reason="Wrong dose.",
                person=CATH,
                now=NOW,
            )
        )

    @rule(item=ITEMS, stage=st.sampled_from(["trialling", "adopted", "poem"]))
    def adopt(self, item: int, stage: str) -> None:
        saying = Saying(an_id(500 + item), stage, "", False)
        self.tried(lambda: adopting.adopt(self.shelf, an_id(100 + item), saying, person=ANN, now=NOW))

    @rule(item=ITEMS, version=st.integers(1, 6))
    def take(self, item: int, version: int) -> None:
        self.tried(lambda: take_entries(self.shelf, [a_put(item, version, a_body(title=f"Version {version}"))], NOW))

    @rule(item=ITEMS, title=st.sampled_from(["Never kept", "Never kept either"]))
    def crash(self, item: int, title: str) -> None:
        self.tried_before_a_crash(lambda conn: self.reword_directly(conn, item, title))

    def reword_directly(self, conn: Connection, item: int, title: str) -> None:
        before = resources.find_locked(conn, an_id(100 + item))
        if before is not None:
            after = replace(before, version=before.version + 1, words=some_words(title=title))
            save(conn, before, after, did=(ANN, "reworded"), now=NOW)

    def differences(self, conn: Connection, told: Sequence[Message]) -> list[str]:
        return differences(conn, told)


class DualWriteResources(DualWrite, Resources):
    pass


def differences(conn: Connection, told: Sequence[Message]) -> list[str]:
    """Items whose facts are not the versions that were kept: each told once, in order, and no other."""
    said: dict[str, list[int]] = {}
    for item, version in dict.fromkeys(map(item_and_version, told)):
        said.setdefault(item, []).append(version)
    once = [(*item_and_version(fact), kind(fact)) for fact in told]
    wrong = [item for (item, _, _), times in Counter(once).items() if times > 1]
    wrong += [item for item, versions in said.items() if versions != sorted(versions)]
    rows = conn.execute(select(resource.c.id, resource.c.version, OWN).union_all(select(*ADOPTIONS)))
    for item, version, own in rows:
        versions = said.pop(item, [])
        # Of another node's items only what arrived is known here, at the end the version that stands.
        wrong += [item] if versions[-1:] != [version] or (own and len(versions) != version) else []
    return wrong + list(said)


def item_and_version(fact: Any) -> tuple[str, int]:
    if isinstance(fact, ItemShared):
        return fact.item_id, fact.version
    return fact.adoption_id if isinstance(fact, ResourceAdopted) else fact.resource_id, fact.version


def test_the_facts_are_the_changes_over_random_histories(sqlite_databases: SqliteDatabases, tmp_path: Path) -> None:
    def begin(history: Resources) -> None:
        history.shelf = Shelf(open_database(sqlite_databases, "resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)
        history.db = history.shelf.db

    kept = play(Resources, begin)

    with pytest.raises(AssertionError):
        play(DualWriteResources, begin, UNTIL_CAUGHT)

    figures = f"histories={HISTORIES} changes={kept} differences=0 planted[dual write]=caught"
    promise(2, "embedded", "facts = changes", kept > HISTORIES, figures, SEED)
