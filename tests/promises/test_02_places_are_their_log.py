"""Promise 2, for meetings: over any history of requests, changes and crashes facts and log say what happened."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import Connection, select

from fosse.events.v1.facts_pb2 import MeetingChanged, PlaceDecided
from services.events.domain.place import Place
from services.events.domain.room import Asked, NotAsDecided, decide
from services.events.store import meetings
from services.events.store.tables import meeting, place
from services.events.usecases import arranging
from services.events.usecases.seating import Seating, write_with_counters
from tests.databases import SqliteDatabases, open_database
from tests.promises.histories import HISTORIES, SEED, UNTIL_CAUGHT, DualWrite, History, play
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.store.events_acts import ITEM, announced, ask, call_off, recomputed, update
from tests.unit.events.meetings import NOW, a_member, an_id

MEMBERS = st.integers(1, 7)
# Mostly the room, so that many wait.
ASKED = st.sampled_from([Asked.ROOM, Asked.A_PLACE, Asked.ROOM, Asked.ONLINE, Asked.ROOM, Asked.CANCEL, Asked.DECLINE])


class Meetings(History):
    """A small room, few members, forms that are sent twice, capacity that changes; some crash before their commit."""

    TOLD = (MeetingChanged, PlaceDecided)

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
        self.tried_before_a_crash(lambda conn: self.book_directly(conn, member))

    def book_directly(self, conn: Connection, member: int) -> None:
        found = meetings.find_locked(conn, ITEM)
        assert found
        newcomer, seating = Place(an_id(member)), Seating(found, NOW)
        outcome = decide(Asked.ROOM, newcomer.standing, found.figures, position=0, order=found.queued + 1)
        seating.take(newcomer, Asked.ROOM, outcome)
        write_with_counters(conn, seating, an_id(90_000 + member))

    def version(self) -> int:
        with self.db.read() as conn:
            found = meetings.find(conn, ITEM)
        return found.version if found else 1

    @invariant()
    def the_log_gives_the_same_again(self) -> None:
        recomputed(self.db)

    def differences(self, conn: Connection, told: Sequence[Message]) -> list[object]:
        return differences(conn, told)


class DualWriteMeetings(DualWrite, Meetings):
    pass


class ForgetfulMeetings(Meetings):
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


def test_the_facts_and_the_log_are_the_changes_over_random_histories(sqlite_databases: SqliteDatabases) -> None:
    def begin(history: Meetings) -> None:
        history.db = open_database(sqlite_databases, "events")

    kept = play(Meetings, begin)

    with pytest.raises(AssertionError):
        play(DualWriteMeetings, begin, UNTIL_CAUGHT)
    with pytest.raises((AssertionError, NotAsDecided)):
        play(ForgetfulMeetings, begin, UNTIL_CAUGHT)

    figures = f"histories={HISTORIES} changes={kept} differences=0 planted[dual write]=caught planted[forgetful]=caught"
    promise(2, "embedded", "facts = changes, places = their log", kept > HISTORIES, figures, SEED)
