"""The mail folder: what this node sent or would have sent, and one mail as text and as HTML."""

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR
from fosse.notification.v1 import notification_pb2
from gateway import guards
from gateway.clients import clients
from services.common.errors import NotFound

blueprint = Blueprint("mail", __name__, url_prefix="/mail")
PAGE = 25
# The mail's own markup runs nothing, fetches nothing and belongs to no origin.
MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'; sandbox allow-popups"
)
_readers = guards.roles(ROLE_MEMBER, ROLE_CONVENOR, ROLE_OPERATOR)


@blueprint.get("")
@_readers
def folder() -> str:
    asked = notification_pb2.ListDeliveriesRequest(page_size=PAGE, page_token=request.args.get("page", ""))
    return render_template("mail_folder.html", found=clients().notification.ListDeliveries(asked))


@blueprint.get("/<delivery_id>")
@_readers
def show(delivery_id: str) -> str:
    return render_template("mail.html", mail=_mail(delivery_id))


@blueprint.get("/<delivery_id>/html")
@_readers
def html(delivery_id: str) -> ResponseReturnValue:
    mail = _mail(delivery_id)
    if not mail.html:
        raise NotFound("This mail has no page of its own. Go back to read it.")
    response = Response(mail.html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = MAIL_POLICY
    return response


def _mail(delivery_id: str) -> notification_pb2.GetMailResponse:
    return clients().notification.GetMail(notification_pb2.GetMailRequest(delivery_id=delivery_id))
