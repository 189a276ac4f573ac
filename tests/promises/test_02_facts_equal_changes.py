"""Promise 2: over any history of changes, refusals and crashes, the facts say what happened: no more, no less."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, select

from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import ResourceAdopted, ResourceChanged
from services.common import facts
from services.common.errors import Refusal
from services.common.facts import START
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
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.unit.resource.entries import a_body, a_put
from tests.unit.resource.shelves import CARE_HOMES, NOW, VOCABULARY, a_convenor, a_member, an_id, some_words

SEED = 2
HISTORIES, STEPS = (400, 60) if FULL else (25, 30)
ANN, CATH = a_member(1), a_convenor()
ITEMS = st.integers(1, 2)
TOLD: dict[str, type[Any]] = {kind(each): each for each in (ResourceChanged, ResourceAdopted, ItemShared)}
OWN = resource.c.origin_node_id == ""
ADOPTIONS = adoption.c.id, adoption.c.version, adoption.c.node_id == ""
# Mostly the version that stands, sometimes an older or a later one.
OFF = st.sampled_from([0, 0, 0, 0, -1, 1])


class Crash(Exception):
    """The process dies in the middle of a transaction."""


class History(RuleBasedStateMachine):
    """Changes in any order, by anybody, with right and wrong versions; some crash before their commit."""

    shelf: Shelf

    def tried(self, change: Callable[[], object]) -> None:
        with suppress(Refusal):
            change()

    def version(self, item: int) -> int:
        with self.shelf.db.read() as conn:
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
        with suppress(Crash):
            self.tried(lambda: self.reword_and_crash(item, title))

    def reword_and_crash(self, item: int, title: str) -> None:
        with self.shelf.db.write() as conn:
            before = resources.find_locked(conn, an_id(100 + item))
            if before is not None:
                after = replace(before, version=before.version + 1, words=some_words(title=title))
                save(conn, before, after, did=(ANN, "reworded"), now=NOW)
            raise Crash

    @invariant()
    def facts_say_what_happened(self) -> None:
        with self.shelf.db.read() as conn:
            assert differences(conn, self.told(conn)) == []

    def told(self, conn: Connection) -> list[Message]:
        found = facts.after(conn, START, 10_000)
        return [TOLD[fact.kind].FromString(fact.body) for fact in found if fact.kind in TOLD]


class DualWriteHistory(History):
    """With the planted bug: a fact is sent at once, whether or not its change will be kept."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        super().__init__()

    def tried(self, change: Callable[[], object]) -> None:
        with planted((facts, "put_all", self.put_at_once)):
            super().tried(change)

    def told(self, conn: Connection) -> list[Message]:
        return [message for message in self.sent if message.DESCRIPTOR.full_name in TOLD]

    def put_at_once(
        self, conn: Connection, said: Sequence[tuple[Message, str]], now: datetime, happened_at: object = None
    ) -> None:
        self.sent += [message for message, _ in said]


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


def play(machine: type[History], databases: SqliteDatabases, folder: Path) -> int:
    """Plays the histories; returns how many changes were kept. Raises on the first whose facts are not its changes."""
    kept = 0

    class OnFreshDatabase(machine):  # type: ignore[misc, valid-type]  # mypy does not know classes by variables
        def __init__(self) -> None:
            super().__init__()
            self.shelf = Shelf(open_database(databases, "resource"), Folder(folder), VOCABULARY, 1000, 1000)

        def teardown(self) -> None:
            nonlocal kept
            with self.shelf.db.read() as conn:
                kept += len(self.told(conn))
            self.shelf.db.dispose()

    plan = settings(
        max_examples=HISTORIES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        print_blob=False,
    )
    run_state_machine_as_test(OnFreshDatabase, settings=plan)
    return kept


def test_the_facts_are_the_changes_over_random_histories(sqlite_databases: SqliteDatabases, tmp_path: Path) -> None:
    kept = play(History, sqlite_databases, tmp_path)

    with pytest.raises(AssertionError):
        play(DualWriteHistory, sqlite_databases, tmp_path)

    figures = f"histories={HISTORIES} changes={kept} differences=0 planted[dual write]=caught"
    promise(2, "embedded", "facts = changes", kept > HISTORIES, figures, SEED)
