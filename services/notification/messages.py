"""Deliveries as protos, and what other services tell as domain objects."""

from collections.abc import Sequence

from fosse.events.v1 import events_pb2, facts_pb2, minutes_pb2
from fosse.federation.v1.federation_pb2 import NodeCard
from fosse.membership.v1 import links_pb2
from fosse.notification.v1 import notification_pb2 as pb
from fosse.resource.v1.resource_pb2 import DescribeAdoptionResponse
from services.common.instants import instant, stamp
from services.notification.domain import spoken
from services.notification.domain.adoptions import Adopted, place_of
from services.notification.domain.delivery import Delivery, State
from services.notification.domain.links import Purpose
from services.notification.domain.meetings import Meeting, Minutes
from services.notification.domain.places import Decided, Decision

_STATES = {
    State.QUEUED: pb.DELIVERY_STATE_QUEUED,
    State.SENT: pb.DELIVERY_STATE_SENT,
    State.BOUNCED: pb.DELIVERY_STATE_BOUNCED,
    State.GIVEN_UP: pb.DELIVERY_STATE_GIVEN_UP,
}
PURPOSES = {
    Purpose.BOOK: links_pb2.LINK_PURPOSE_BOOK,
    Purpose.CANCEL: links_pb2.LINK_PURPOSE_CANCEL,
    Purpose.DECLINE: links_pb2.LINK_PURPOSE_DECLINE,
    Purpose.PULSE: links_pb2.LINK_PURPOSE_PULSE,
}
_DECISIONS = {
    facts_pb2.DECISION_ROOM: Decision.ROOM,
    facts_pb2.DECISION_ONLINE: Decision.ONLINE,
    facts_pb2.DECISION_WAITING: Decision.WAITING,
    facts_pb2.DECISION_GIVEN_BACK: Decision.GIVEN_BACK,
    facts_pb2.DECISION_DECLINED: Decision.DECLINED,
    facts_pb2.DECISION_REFUSED: Decision.REFUSED,
}


def delivery_out(delivery: Delivery) -> pb.Delivery:
    return pb.Delivery(
        id=delivery.id,
        member_id=delivery.news.member_id,
        kind=delivery.news.kind,
        item_id=delivery.news.item_id,
        state=_STATES[delivery.state],
        attempts=delivery.attempts,
        queued_at=stamp(delivery.queued_at),
        sent_at=stamp(delivery.sent_at),
        subject=delivery.news.subject,
        problem=delivery.problem,
    )


def adopted_in(told: DescribeAdoptionResponse, nodes: Sequence[NodeCard]) -> Adopted:
    adoption = told.adoption
    county = next((node.name for node in nodes if _is_where(node, adoption.node_id)), "")
    return Adopted(
        adoption_id=adoption.id,
        stage=adoption.stage,
        resource_id=adoption.resource_id,
        title=told.resource_title,
        place=place_of(county, [] if adoption.node_id else [adoption.locality]),
        organisation=adoption.organisation,
        author_ids=tuple(told.author_member_ids),
        adopter_id=told.adopter_member_id,
    )


def meeting_in(told: events_pb2.Meeting) -> Meeting:
    words = told.words
    return Meeting(
        id=told.id,
        community_id=told.community_id,
        title=words.title,
        day=spoken.day(words.day),
        when=spoken.when(words.day, words.starts, words.ends),
        ends_at=instant(told.ends_at),
        to_come=told.state == facts_pb2.MEETING_STATE_ANNOUNCED and not told.past,
        cancelled=told.state == facts_pb2.MEETING_STATE_CANCELLED,
        cancelled_because=told.cancelled_because,
        venue=words.venue if words.room_holds else "",
        directions=words.directions if words.room_holds else "",
        about=words.about,
        agenda=tuple(item.title for item in words.agenda),
        online=words.online_holds > 0,
        online_free=told.online_free,
    )


def minutes_in(words: minutes_pb2.MinutesWords, edition: int = 0) -> Minutes:
    items = ({"title": each.title, "discussion": each.discussion, "decision": each.decision} for each in words.items)
    return Minutes(edition, tuple(items), tuple(words.actions), words.reply_to)


def decided_in(fact: facts_pb2.PlaceDecided, position: int) -> Decided | None:
    """None for a decision that this version does not know."""
    decision = _DECISIONS.get(fact.decision)
    if decision is None:
        return None
    return Decided(fact.member_id, decision, fact.version, fact.promoted, fact.first, position)


def _is_where(node: NodeCard, node_id: str) -> bool:
    return node.node_id == node_id if node_id else node.self
