"""Promise 2, for meetings: over any history of requests, changes and crashes facts and log say what happened."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import Connection, select

from fosse.events.v1.facts_pb2 import MeetingChanged, PlaceDecided
from services.common import facts
from services.common.database import Database
from services.common.errors import Refusal
from services.common.facts import START
from services.common.topics import kind
from services.events.domain.place import Place
from services.events.domain.room import Asked, NotAsDecided, decide
from services.events.store import meetings
from services.events.store.tables import meeting, place
from services.events.usecases import arranging
from services.events.usecases.seating import Seating, write_with_counters
from tests.databases import SqliteDatabases, open_database
from tests.machine import FULL
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.store.events_acts import ITEM, announced, ask, call_off, recomputed, update
from tests.unit.events.meetings import NOW, a_member, an_id

SEED = 2
HISTORIES, STEPS = (400, 60) if FULL else (25, 30)
MEMBERS = st.integers(1, 7)
# Mostly the room, so that many wait.
ASKED = st.sampled_from([Asked.ROOM, Asked.A_PLACE, Asked.ROOM, Asked.ONLINE, Asked.ROOM, Asked.CANCEL, Asked.DECLINE])
TOLD: dict[str, type[Any]] = {kind(each): each for each in (MeetingChanged, PlaceDecided)}


class Crash(Exception):
    """The process dies in the middle of a transaction."""


class History(RuleBasedStateMachine):
    """A small room, few members, forms that are sent twice, capacity that changes; some crash before their commit."""

    db: Database

    def tried(self, change: Callable[[], object]) -> None:
        with suppress(Refusal):
            change()

    @initialize()
    def begin(self) -> None:
        self.tried(lambda: announced(self.db, room_holds=2, online_holds=1))

    @rule(member=MEMBERS, asked=ASKED, request=st.integers(1, 2000))
    def ask(self, member: int, asked: Asked, request: int) -> None:
        self.tried(lambda: ask(self.db, asked, a_member(member), request))

    @rule(room=st.integers(1, 3), online=st.integers(0, 2), off=st.sampled_from([0, 0, 0, 1]))
    def change_capacity(self, room: int, online: int, off: int) -> None:
        self.tried(lambda: update(self.db, self.version() + off, room_holds=room, online_holds=online))

    @rule(more=st.integers(1, 2))
    def add_places(self, more: int) -> None:
        with self.db.read() as conn:
            found = meetings.find(conn, ITEM)
        room = found.figures.room_holds + more if found else more
        self.tried(lambda: update(self.db, self.version(), room_holds=room, online_holds=1))

    @rule(number=st.integers(1, 400))
    def call_off(self, number: int) -> None:
        """Seldom: nothing can be asked for afterwards."""
        if number == 400:
            self.tried(lambda: call_off(self.db, self.version()))

    @rule(member=st.integers(11, 14))
    def crash(self, member: int) -> None:
        with suppress(Crash):
            self.tried(lambda: self.book_and_crash(member))

    def book_and_crash(self, member: int) -> None:
        with self.db.write() as conn:
            found = meetings.find_locked(conn, ITEM)
            assert found
            newcomer, seating = Place(an_id(member)), Seating(found, NOW)
            outcome = decide(Asked.ROOM, newcomer.standing, found.figures, position=0, order=found.queued + 1)
            seating.take(newcomer, Asked.ROOM, outcome)
            write_with_counters(conn, seating, an_id(90_000 + member))
            raise Crash

    def version(self) -> int:
        with self.db.read() as conn:
            found = meetings.find(conn, ITEM)
        return found.version if found else 1

    @invariant()
    def facts_say_what_happened(self) -> None:
        with self.db.read() as conn:
            assert differences(conn, self.told(conn)) == []

    @invariant()
    def the_log_gives_the_same_again(self) -> None:
        recomputed(self.db)

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


class ForgetfulHistory(History):
    """With the planted bug: more places are there, and those who wait are not told."""

    def tried(self, change: Callable[[], object]) -> None:
        with planted((arranging, "_seat_who_waits", lambda conn, meeting, now: meeting)):
            super().tried(change)

    @invariant()
    def nobody_waits_while_the_room_is_free(self) -> None:
        with self.db.read() as conn:
            found = meetings.find(conn, ITEM)
        assert found is None or not (found.announced and found.figures.waiting and found.figures.room_free)


def differences(conn: Connection, told: Sequence[Message]) -> list[object]:
    """Items whose facts are not the versions that were kept: each told once, in order, and no other."""
    said: dict[object, list[int]] = {}
    for fact in told:
        said.setdefault(_item(fact), []).append(fact.version)  # type: ignore[attr-defined]  # both have one
    rows = [(row.id, row.version) for row in conn.execute(select(meeting.c.id, meeting.c.version))]
    rows += [
        ((row.meeting_id, row.member_id), row.version)
        for row in conn.execute(select(place.c.meeting_id, place.c.member_id, place.c.version))
    ]
    wrong = [item for item, version in rows if said.pop(item, []) != list(range(1, version + 1))]
    return [*wrong, *said]


def _item(fact: Any) -> object:
    return (fact.meeting_id, fact.member_id) if isinstance(fact, PlaceDecided) else fact.meeting_id


def play(machine: type[History], databases: SqliteDatabases) -> int:
    """Plays the histories; returns how many changes were kept. Raises on the first that does not hold together."""
    kept = 0

    class OnFreshDatabase(machine):  # type: ignore[misc, valid-type]  # mypy does not know classes by variables
        def __init__(self) -> None:
            super().__init__()
            self.db = open_database(databases, "events")

        def teardown(self) -> None:
            nonlocal kept
            with self.db.read() as conn:
                kept += len(self.told(conn))
            self.db.dispose()

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


def test_the_facts_and_the_log_are_the_changes_over_random_histories(sqlite_databases: SqliteDatabases) -> None:
    kept = play(History, sqlite_databases)

    with pytest.raises(AssertionError):
        play(DualWriteHistory, sqlite_databases)
    with pytest.raises((AssertionError, NotAsDecided)):
        play(ForgetfulHistory, sqlite_databases)

    figures = f"histories={HISTORIES} changes={kept} differences=0 planted[dual write]=caught planted[forgetful]=caught"
    promise(2, "embedded", "facts = changes, places = their log", kept > HISTORIES, figures, SEED)
