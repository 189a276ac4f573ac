"""Deliveries as protos, and what other services tell as domain objects."""

from collections.abc import Sequence

from fosse.federation.v1.federation_pb2 import NodeCard
from fosse.notification.v1 import notification_pb2 as pb
from fosse.resource.v1.resource_pb2 import DescribeAdoptionResponse
from services.common.instants import stamp
from services.notification.domain import Adopted, Delivery, State, place_of

_STATES = {
    State.QUEUED: pb.DELIVERY_STATE_QUEUED,
    State.SENT: pb.DELIVERY_STATE_SENT,
    State.BOUNCED: pb.DELIVERY_STATE_BOUNCED,
    State.GIVEN_UP: pb.DELIVERY_STATE_GIVEN_UP,
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


def _is_where(node: NodeCard, node_id: str) -> bool:
    return node.node_id == node_id if node_id else node.self
