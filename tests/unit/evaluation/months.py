"""Builders: facts as evaluation hears them, with what a test does not care about filled in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.message import Message as Proto

from fosse.events.v1 import facts_pb2 as events
from fosse.membership.v1 import facts_pb2 as membership
from fosse.resource.v1 import facts_pb2 as resource
from services.common.access import Person, Role
from services.common.bus import Consumer, Message, deliver
from services.common.database import Database
from services.common.ids import new_id
from services.common.instants import stamp
from services.common.topics import TOPICS, kind
from services.evaluation.consumer import consumer
from services.evaluation.usecases import counting

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)
CARE_HOMES, SOCIAL_CARE = "c" * 32, "d" * 32
NOTTS, DERBYS, HUB = "a" * 64, "b" * 64, "f" * 64
TOPIC_OF = {kind(fact): topic.name for topic in TOPICS.values() for fact in topic.says}


def an_id(number: int) -> str:
    return f"{number:032x}"


def in_month(month: int, day: int = 15, year: int = 2026) -> datetime:
    return datetime(year, month, day, 10, 0, tzinfo=UTC)


def a_person(number: int = 1, *roles: int, community: str = CARE_HOMES) -> Person:
    return Person(an_id(number), roles={community: frozenset({int(Role.ROLE_MEMBER), *roles})})


def a_convenor(number: int = 90) -> Person:
    return a_person(number, int(Role.ROLE_CONVENOR))


def member(
    number: int,
    *,
    version: int = 1,
    organisation: int = 0,
    left: bool = False,
    community: str = CARE_HOMES,
    since: datetime | None = None,
) -> Proto:
    return membership.MemberChanged(
        member_id=an_id(number),
        community_id=community,
        left=left,
        version=version,
        organisation_id=an_id(organisation) if organisation else "",
        since=stamp(since),
    )


def meeting(
    number: int,
    starts_at: datetime,
    *,
    version: int = 1,
    state: int = events.MEETING_STATE_ANNOUNCED,
    community: str = CARE_HOMES,
) -> Proto:
    fact = events.MeetingChanged(meeting_id=an_id(number), community_id=community, version=version)
    fact.state = events.MeetingState.ValueType(state)
    fact.starts_at.CopyFrom(stamp(starts_at))  # type: ignore[arg-type]  # never None here
    return fact


def attended(of: int, by: int, *, presence: int = events.PRESENCE_ROOM, version: int = 1) -> Proto:
    fact = events.AttendanceNoted(meeting_id=an_id(of), community_id=CARE_HOMES, member_id=an_id(by), version=version)
    fact.presence = events.Presence.ValueType(presence)
    return fact


def place(of: int, by: int, decision: int, **more: Any) -> Proto:
    fact = events.PlaceDecided(meeting_id=an_id(of), community_id=CARE_HOMES, member_id=an_id(by), version=1, **more)
    fact.decision = events.Decision.ValueType(decision)
    return fact


def closed(of: int, present: int, *, ask_pulse: bool = True) -> Proto:
    return events.AttendanceClosed(meeting_id=an_id(of), community_id=CARE_HOMES, present=present, ask_pulse=ask_pulse)


def refusals(of: int, number: int, *, version: int = 1) -> Proto:
    return events.RefusalsRecorded(meeting_id=an_id(of), community_id=CARE_HOMES, refused=number, version=version)


def published(
    number: int, *, origin: str = "", state: int = resource.RESOURCE_STATE_PUBLISHED, version: int = 1
) -> Proto:
    fact = resource.ResourceChanged(resource_id=an_id(number), version=version, origin_node_id=origin)
    fact.community_id = "" if origin else CARE_HOMES
    fact.state = resource.ResourceState.ValueType(state)
    return fact


def adopted(number: int, stage: str = "adopted", *, community: str = CARE_HOMES, version: int = 1) -> Proto:
    return resource.ResourceAdopted(
        adoption_id=an_id(number), resource_id=an_id(1), stage=stage, version=version, community_id=community
    )


class Hearing:
    """Delivers facts as the bus does, each with its own id, and counts what they touched."""

    def __init__(self, db: Database, now: datetime = NOW) -> None:
        self.db, self.now = db, now
        self._consumer: Consumer = consumer(lambda: self.now)

    def hear(self, *facts: Proto, at: datetime = NOW - timedelta(days=1)) -> None:
        self.deliver([self.message(fact, at) for fact in facts])

    def deliver(self, messages: list[Message]) -> None:
        deliver(self.db, self._consumer, messages, lambda: self.now)
        self.count()

    def count(self) -> None:
        while counting.count_marked(self.db, self.now):
            pass

    def message(self, fact: Proto, at: datetime) -> Message:
        name = kind(fact)
        return Message(new_id(), TOPIC_OF[name], name, "k", fact.SerializeToString(), at)
