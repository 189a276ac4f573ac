"""What notification hears: somebody uses a resource of this node, and what happens around a meeting."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from fosse.evaluation.v1.facts_pb2 import PulseOpened
from fosse.events.v1 import facts_pb2 as events
from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common.bus import Consumer, Message
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.topics import EVALUATION, EVENTS, RESOURCE, kind
from services.notification import messages, usecases
from services.notification.asking import Asking
from services.notification.domain import adoptions, meetings, places
from services.notification.domain.delivery import Mailing, News

NAME = "notification"
# What follows from a fact: news to single members, one mailing to many, or nothing.
Told = Sequence[News] | Mailing | None
Prepared = Mapping[str, Told]
NOTHING: Told = None


class Hearing:
    """Asks its neighbours and decides before the bus's transaction, then queues within it."""

    def __init__(self, channels: Channels, clock: Clock) -> None:
        self._channels = channels
        self._clock = clock

    def consumer(self) -> Consumer:
        topics = (RESOURCE.name, EVENTS.name, EVALUATION.name)
        return Consumer(NAME, topics, dict.fromkeys(_TOLD, self.queue), self.prepare)

    def prepare(self, found: Sequence[Message]) -> Prepared:
        """What each message leads to, by its id."""
        asking, now = Asking(self._channels), self._clock()
        return {message.id: _TOLD[message.kind](message, asking, now) for message in found}

    def queue(self, conn: Connection, message: Message, prepared: Prepared) -> None:
        told = prepared[message.id]
        if isinstance(told, Mailing):
            usecases.mail(conn, told, self._clock())
        elif told:
            usecases.tell(conn, told, self._clock())


def _resource_adopted(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(ResourceAdopted)
    adopted = asking.adopted(fact.adoption_id) if fact.own else None
    return adoptions.news_of(adopted) if adopted else NOTHING


def _announced(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.MeetingAnnounced)
    meeting = asking.meeting(fact.meeting_id)
    if meeting is None or not meeting.to_come:
        return NOTHING
    members = asking.members(meeting.community_id)
    return meetings.invitation(meeting, fact.version, members, asking.calendar(meeting.id))


def _moved(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.MeetingMoved)
    meeting = asking.meeting(fact.meeting_id)
    return meetings.moved(meeting, fact.version, asking.holders(meeting.id)) if meeting else NOTHING


def _called_off(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.MeetingCalledOff)
    meeting = asking.meeting(fact.meeting_id)
    if meeting is None:
        return NOTHING
    return meetings.called_off(meeting, fact.version, asking.holders(meeting.id), asking.calendar(meeting.id))


def _place_decided(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.PlaceDecided)
    meeting = asking.meeting(fact.meeting_id)
    waits = fact.decision == events.DECISION_WAITING
    position = asking.position(fact.meeting_id, fact.member_id) if meeting and waits else 0
    decided = messages.decided_in(fact, position)
    news = places.place_decided(meeting, decided) if meeting and decided else None
    return [news] if news else NOTHING


def _minutes_published(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.MinutesPublished)
    meeting = asking.meeting(fact.meeting_id) if fact.mail else None
    minutes = asking.minutes(fact.meeting_id, fact.edition) if meeting else None
    if meeting is None or minutes is None:
        return NOTHING
    return meetings.minutes(meeting, minutes, fact.mailing_id, asking.members(meeting.community_id))


def _minutes_tested(message: Message, asking: Asking, now: datetime) -> Told:
    fact = message.as_(events.MinutesTested)
    meeting, draft = asking.meeting(fact.meeting_id), asking.draft(fact.meeting_id)
    if meeting is None or draft is None:
        return NOTHING
    return meetings.minutes_test(meeting, draft, fact.test_id, fact.member_id)


def _pulse_opened(message: Message, asking: Asking, now: datetime) -> Told:
    meeting = asking.meeting(message.as_(PulseOpened).meeting_id)
    return meetings.pulse(meeting, asking.present(meeting.id), now) if meeting else NOTHING


_TOLD: Mapping[str, Callable[[Message, Asking, datetime], Told]] = {
    kind(ResourceAdopted): _resource_adopted,
    kind(events.MeetingAnnounced): _announced,
    kind(events.MeetingMoved): _moved,
    kind(events.MeetingCalledOff): _called_off,
    kind(events.PlaceDecided): _place_decided,
    kind(events.MinutesPublished): _minutes_published,
    kind(events.MinutesTested): _minutes_tested,
    kind(PulseOpened): _pulse_opened,
}
