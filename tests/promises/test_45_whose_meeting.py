"""Promise 45: each person may do to each meeting what their part in its community allows, and no more.

Events alone, asked over rpc with a pass of each. A change names a version that never was, so that one who may change is
told "somebody was first" and nothing moves.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1 import facts_pb2 as facts
from fosse.events.v1 import minutes_pb2
from services.common.access import Person, Role
from services.common.errors import NotAllowed, NotFound, Refusal
from services.common.ids import new_id
from services.events.domain import meeting as rules
from tests.databases import SqliteDatabases
from tests.node.events_world import MINUTES, World, events_alone, some_words
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.unit.events.meetings import CARE_HOMES, SOCIAL_CARE, a_convenor, a_member, an_id

SEED = 45
NO_VERSION = 987_654
PEOPLE: dict[str, Person | None] = {
    "colleague": a_member(1),
    "convenor": a_convenor(900),
    "other member": a_member(2, community=SOCIAL_CARE),
    "other convenor": a_convenor(901, community=SOCIAL_CARE),
    "reviewer": Person(an_id(3), roles={CARE_HOMES: frozenset({int(Role.ROLE_REVIEWER)})}),
    "operator": Person(an_id(4), operator=True),
    "no member": Person(an_id(5)),
    "nobody": None,
}
MEETINGS = {"draft": an_id(100), "community": an_id(101), "node": an_id(102), "public": an_id(103)}
OURS = {"colleague", "convenor", "reviewer"}
# The door lets members and convenors in, of whichever community; who is neither reads what is for anyone.
SEEN_BY = {
    "draft": {"convenor"},
    "community": OURS,
    "node": {*OURS, "other member", "other convenor", "operator"},
    "public": set(PEOPLE),
}
WITH_A_ROLE = {"colleague", "convenor", "other member", "other convenor"}
Ask = Callable[[World, str, Any], object]
WORDS, NOTED = some_words(title="Mine now"), [pb.Present(member_id=an_id(1), presence=facts.PRESENCE_ROOM)]
READ: dict[str, Ask] = {
    "see": lambda w, m, who: w.meetings.GetMeeting(pb.GetMeetingRequest(id=m), metadata=who),
    "calendar": lambda w, m, who: w.meetings.GetCalendarEntry(pb.GetCalendarEntryRequest(meeting_id=m), metadata=who),
}
READ_SIGNED_IN: dict[str, Ask] = {
    "minutes": lambda w, m, who: w.minutes.GetMinutes(minutes_pb2.GetMinutesRequest(meeting_id=m), metadata=who),
    "decisions": lambda w, m, who: w.meetings.ListDecisions(pb.ListDecisionsRequest(meeting_id=m), metadata=who),
}
CHANGE: dict[str, Ask] = {
    "change": lambda w, m, who: w.meetings.UpdateMeeting(
        pb.UpdateMeetingRequest(id=m, expected_version=NO_VERSION, words=WORDS), metadata=who
    ),
    "call off": lambda w, m, who: w.meetings.CancelMeeting(
        pb.CancelMeetingRequest(id=m, expected_version=NO_VERSION, because="No reason."), metadata=who
    ),
    "places": lambda w, m, who: w.meetings.ListPlaces(pb.ListPlacesRequest(meeting_id=m), metadata=who),
    "attendance": lambda w, m, who: w.meetings.GetAttendance(pb.GetAttendanceRequest(meeting_id=m), metadata=who),
    "note attendance": lambda w, m, who: w.meetings.RecordAttendance(
        pb.RecordAttendanceRequest(meeting_id=m, expected_version=NO_VERSION, present=NOTED), metadata=who
    ),
    "write minutes": lambda w, m, who: w.minutes.SaveMinutes(
        minutes_pb2.SaveMinutesRequest(meeting_id=m, expected_version=NO_VERSION, words=MINUTES),
        metadata=who,
    ),
    "try minutes": lambda w, m, who: w.minutes.TestMinutes(
        minutes_pb2.TestMinutesRequest(id=an_id(77), meeting_id=m), metadata=who
    ),
    "publish minutes": lambda w, m, who: w.minutes.PublishMinutes(
        minutes_pb2.PublishMinutesRequest(meeting_id=m, expected_version=NO_VERSION), metadata=who
    ),
}
BOOK: dict[str, Ask] = {
    "decline": lambda w, m, who: w.meetings.DeclinePlace(
        pb.DeclinePlaceRequest(id=new_id(), meeting_id=m), metadata=who
    ),
}


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with events_alone(sqlite_databases, tmp_path) as world:
        audiences = {"community": 1, "node": 2, "public": 3}
        world.create(MEETINGS["draft"], audience=3)
        for name, audience in audiences.items():
            world.announced(MEETINGS[name], audience=audience)
        yield world


def expected() -> Iterator[tuple[str, str, str, Ask, bool]]:
    """Person, meeting, what is asked, and whether the answer is other than "not you"."""
    for name in PEOPLE:
        for meeting, seen_by in SEEN_BY.items():
            sees, signed_in = name in seen_by, name in seen_by and name in WITH_A_ROLE
            yield from ((name, meeting, what, ask, sees) for what, ask in READ.items())
            yield from ((name, meeting, what, ask, signed_in) for what, ask in READ_SIGNED_IN.items())
            yield from ((name, meeting, what, ask, name == "convenor") for what, ask in CHANGE.items())
            books = signed_in and name in OURS
            yield from ((name, meeting, what, ask, books) for what, ask in BOOK.items())


def wrong(world: World) -> list[str]:
    found = []
    for name, meeting, what, ask, may in expected():
        if _lets_in(world, ask, MEETINGS[meeting], PEOPLE[name]) is not may:
            found.append(f"{name}: {what} {meeting}")
    return found


def _lets_in(world: World, ask: Ask, meeting: str, person: Person | None) -> bool:
    try:
        ask(world, meeting, world.as_(person))
    except (NotAllowed, NotFound):
        return False
    except Refusal:
        return True
    return True


def test_each_may_do_to_each_meeting_what_their_part_allows(world: World) -> None:
    asked = len(list(expected()))

    found = wrong(world)

    with planted((rules, "may_see", lambda meeting, person: True)):
        sees_all = wrong(world)
    with planted((rules, "may_change", lambda meeting, person: person is not None)):
        changes_all = wrong(world)
    figures = (
        f"asked={asked} wrong={len(found)} planted[sees all]={len(sees_all)} planted[changes all]={len(changes_all)}"
    )
    promise(45, "embedded", "whose meeting", not found and bool(sees_all) and bool(changes_all), figures, SEED)
