"""Mail as the pages meet it."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from fosse.notification.v1 import notification_pb2 as notification
from fosse.notification.v1 import notification_pb2_grpc

if TYPE_CHECKING:
    from tests.browser.standins.node import Node


class Notification(notification_pb2_grpc.NotificationServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf

    def ListDeliveries(self, request: Any, context: Any) -> notification.ListDeliveriesResponse:
        self._shelf.hear(request)
        return notification.ListDeliveriesResponse(
            deliveries=[mail.delivery for mail in self._shelf.mails], kept_here=self._shelf.mails_kept
        )

    def GetMail(self, request: Any, context: Any) -> notification.GetMailResponse:
        self._shelf.hear(request)
        return next(mail for mail in self._shelf.mails if mail.delivery.id == request.delivery_id)

    def ListRecipients(self, request: Any, context: Any) -> notification.ListRecipientsResponse:
        self._shelf.hear(request)
        counts = Counter(one.state for one in self._shelf.deliveries)
        arrived = notification.DELIVERY_STATE_SENT
        shown = [one for one in self._shelf.deliveries if not (request.not_received and one.state == arrived)]
        return notification.ListRecipientsResponse(
            deliveries=shown,
            next_page_token=self._shelf.next_page,
            queued=counts[notification.DELIVERY_STATE_QUEUED],
            sent=counts[arrived],
            bounced=counts[notification.DELIVERY_STATE_BOUNCED],
            given_up=counts[notification.DELIVERY_STATE_GIVEN_UP],
        )

    def ResendDelivery(self, request: Any, context: Any) -> notification.ResendDeliveryResponse:
        self._shelf.hear(request)
        one = next(one for one in self._shelf.deliveries if one.id == request.delivery_id)
        one.state, one.problem = notification.DELIVERY_STATE_QUEUED, ""
        return notification.ResendDeliveryResponse(delivery=one)
