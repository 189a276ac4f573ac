"""Links that were made, and what they open."""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from fosse.membership.v1 import links_pb2 as links
from services.common import access
from services.common.access import Person
from tests.browser import world

SEPTEMBER = world.id_of("september")
ADA = Person(member_id=world.id_of("ada"), roles={world.COMMUNITY.id: frozenset({1})})
BOOKED = events.MyPlace(decision=facts.DECISION_ROOM, reason="You have a place in the room.", receipt=20)
WAITS = events.MyPlace(
    decision=facts.DECISION_WAITING,
    waiting_position=1,
    reason="The room holds 20 and all places are taken. You are number 1 on the waiting list; the place goes to you by "
    "itself when 1 person has cancelled. Meanwhile you can take a place online.",
    receipt=21,
)


def a_meeting(**changed: Any) -> events.Meeting:
    said = events.MeetingWords(
        title="September meeting: falls at night",
        venue="Beeston Library, Foster Avenue, Beeston",
        directions="Ring at the side door. The bus stop is opposite.",
        room_holds=20,
    )
    at = {"starts_at": world.days(-10), "ends_at": world.days(-10)}
    at["ends_at"].seconds += 7200
    given = {"id": SEPTEMBER, "state": facts.MEETING_STATE_ANNOUNCED, "words": said, **at, **changed}
    return events.Meeting(community_id=world.COMMUNITY.id, **given)


@dataclass
class Links:
    """What links open. `asked`: what was asked of it, by whom."""

    purposes: dict[str, links.LinkPurpose.ValueType] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    used: dict[str, Timestamp] = field(default_factory=dict)
    holders: list[events.PlaceHolder] = field(default_factory=list)
    meeting: events.Meeting = field(default_factory=a_meeting)
    place: events.MyPlace = field(default_factory=lambda: BOOKED)
    acted: list[tuple[Any, str]] = field(default_factory=list)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)

    def hold(self, decision: facts.Decision.ValueType = facts.DECISION_ROOM) -> None:
        """Ada has a place, or waits; before this she has none."""
        self.holders = [events.PlaceHolder(member_id=ADA.member_id, decision=decision)]

    def make(self, code: str, purpose: links.LinkPurpose.ValueType) -> None:
        self.purposes[code] = purpose

    def note(self, request: Any, context: Any) -> None:
        self.acted.append((request, access.person(context).member_id))
