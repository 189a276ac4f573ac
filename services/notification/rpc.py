"""The gRPC door of notification."""

from email.message import EmailMessage
from typing import Any

from fosse.notification.v1 import notification_pb2 as pb
from fosse.notification.v1 import notification_pb2_grpc as pb_grpc
from services.common import access, ids, pages
from services.common.clock import Clock
from services.common.database import Database
from services.notification import messages, usecases
from services.notification.domain.delivery import State
from services.notification.post import MailFolder


class Notification(pb_grpc.NotificationServicer):
    def __init__(self, db: Database, folder: MailFolder, clock: Clock, *, kept_here: bool) -> None:
        """`kept_here`: mails go into the folder and nowhere else."""
        self._kept_here = kept_here
        self._db = db
        self._folder = folder
        self._clock = clock

    def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:
        limit = pages.page_size(request.page_size)
        before = pages.decode_token(request.page_token, int)
        found = usecases.list_deliveries(
            self._db, reader=access.asker(context), before=before[0] if before else None, limit=limit
        )
        following = pages.encode_token(found[-1][0]) if len(found) == limit else ""
        return pb.ListDeliveriesResponse(
            deliveries=[messages.delivery_out(delivery) for _, delivery in found],
            next_page_token=following,
            kept_here=self._kept_here,
        )

    def GetMail(self, request: pb.GetMailRequest, context: Any) -> pb.GetMailResponse:
        delivery = usecases.get_delivery(self._db, ids.checked(request.delivery_id), reader=access.asker(context))
        mail = self._folder.read(delivery.id)
        if mail is None:
            return pb.GetMailResponse(delivery=messages.delivery_out(delivery))
        return pb.GetMailResponse(
            delivery=messages.delivery_out(delivery),
            to=str(mail["To"]),
            text=_content(mail, "plain"),
            html=_content(mail, "html"),
        )

    def ListRecipients(self, request: pb.ListRecipientsRequest, context: Any) -> pb.ListRecipientsResponse:
        limit = pages.page_size(request.page_size)
        beyond = pages.decode_token(request.page_token, int)
        found = usecases.list_recipients(
            self._db,
            ids.checked(request.mailing_id),
            convenor=access.person(context),
            not_received=request.not_received,
            beyond=beyond[0] if beyond else 0,
            limit=limit,
        )
        return pb.ListRecipientsResponse(
            deliveries=[messages.delivery_out(delivery) for _, delivery in found.page],
            next_page_token=pages.encode_token(found.page[-1][0]) if len(found.page) == limit else "",
            queued=found.counts[State.QUEUED],
            sent=found.counts[State.SENT],
            bounced=found.counts[State.BOUNCED],
            given_up=found.counts[State.GIVEN_UP],
        )

    def ResendDelivery(self, request: pb.ResendDeliveryRequest, context: Any) -> pb.ResendDeliveryResponse:
        delivery = usecases.resend(
            self._db, ids.checked(request.delivery_id), convenor=access.person(context), now=self._clock()
        )
        return pb.ResendDeliveryResponse(delivery=messages.delivery_out(delivery))


def _content(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    return str(body.get_content()) if body else ""
