"""Facts of other services, as evaluation keeps them."""

from datetime import datetime

from fosse.events.v1 import facts_pb2 as events
from fosse.membership.v1 import facts_pb2 as membership
from services.common.instants import instant
from services.evaluation.domain.kept import Meeting
from services.evaluation.domain.months import month_of
from services.evaluation.domain.standing import Membership

PRESENT = frozenset({events.PRESENCE_ROOM, events.PRESENCE_ONLINE})
NO_PLACE = frozenset({events.DECISION_WAITING, events.DECISION_REFUSED})


def member(fact: membership.MemberChanged, happened_at: datetime) -> Membership:
    month = month_of(instant(fact.since) if fact.HasField("since") else happened_at)
    return Membership(fact.member_id, fact.version, fact.community_id, fact.organisation_id, fact.left, month)


def meeting(fact: events.MeetingChanged) -> Meeting:
    starts_at = instant(fact.starts_at)
    stands = fact.state == events.MEETING_STATE_ANNOUNCED
    return Meeting(fact.meeting_id, fact.version, fact.community_id, stands, starts_at, month_of(starts_at))
