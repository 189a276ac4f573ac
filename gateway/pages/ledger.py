"""Who was sent the minutes: a row for each member, and a button for those whom the mail did not reach."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.events.v1 import minutes_pb2
from fosse.notification.v1 import notification_pb2
from gateway import guards
from gateway.clients import clients
from gateway.pages.meetings import read
from gateway.pages.names import names_of
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid, NotFound, TooMany

blueprint = Blueprint("ledger", __name__, url_prefix="/meetings/<meeting_id>/minutes/deliveries")
PAGE = 50
_convenors = guards.roles(ROLE_CONVENOR)


@blueprint.get("")
@_convenors
def show(meeting_id: str) -> ResponseReturnValue:
    mailing_id = request.args.get("mailing", "")
    if not mailing_id:
        return _newest(meeting_id)
    if "HX-Request" in request.headers:
        # Only the counts are asked for again and again, so that nobody loses their place in the list.
        found = _recipients(meeting_id, mailing_id)
        page = render_template("ledger_counts.html", found=found, again=request.full_path)
        return page, {"Vary": "HX-Request, Cookie"}
    return _page(meeting_id, mailing_id, NOTHING), {"Vary": "HX-Request, Cookie"}


@blueprint.post("/<delivery_id>/resend")
@_convenors
def resend(meeting_id: str, delivery_id: str) -> ResponseReturnValue:
    mailing_id = request.args.get("mailing", "")
    try:
        clients().notification.ResendDelivery(notification_pb2.ResendDeliveryRequest(delivery_id=delivery_id))
    except (Invalid, Conflict, NotFound, TooMany) as error:
        return _page(meeting_id, mailing_id, refused(error)), 422
    flash("It is on its way again. Look here in a minute whether it was sent.")
    return redirect(url_for(".show", **_list_at(meeting_id, mailing_id)), 303)


def _newest(meeting_id: str) -> ResponseReturnValue:
    """To the ledger of the newest edition that was mailed."""
    mailings = _mailings(meeting_id)
    if not mailings:
        flash("These minutes were not mailed to anybody yet.", "Not mailed yet")
        return redirect(url_for("minutes.show", meeting_id=meeting_id), 303)
    return redirect(url_for(".show", meeting_id=meeting_id, mailing=mailings[0]), 303)


def _mailings(meeting_id: str) -> list[str]:
    """Of the editions that were mailed, newest first."""
    found = clients().minutes.GetMinutes(minutes_pb2.GetMinutesRequest(meeting_id=meeting_id))
    return [each.mailing_id for each in found.editions if each.mailed]


def _recipients(meeting_id: str, mailing_id: str) -> notification_pb2.ListRecipientsResponse:
    """Nobody yet, for the moment between publishing and the first mail."""
    asked = notification_pb2.ListRecipientsRequest(
        mailing_id=mailing_id,
        not_received=not _everybody(),
        page_size=PAGE,
        page_token=request.args.get("page", ""),
    )
    try:
        return clients().notification.ListRecipients(asked)
    except NotFound:
        if mailing_id not in _mailings(meeting_id):
            raise
        return notification_pb2.ListRecipientsResponse()


def _page(meeting_id: str, mailing_id: str, wrong: Refused) -> str:
    found = _recipients(meeting_id, mailing_id)
    list_at = _list_at(meeting_id, mailing_id)
    return render_template(
        "ledger.html",
        meeting=read(meeting_id),
        list_at=list_at,
        found=found,
        names=names_of(one.member_id for one in found.deliveries),
        everybody=_everybody(),
        again=url_for(".show", **list_at),
        older=url_for(".show", page=found.next_page_token, **list_at) if found.next_page_token else "",
        newest=url_for(".show", **list_at) if request.args.get("page") else "",
        wrong=wrong,
    )


def _everybody() -> bool:
    """Whether those who were sent it are listed too."""
    return request.args.get("show") == "all"


def _list_at(meeting_id: str, mailing_id: str) -> dict[str, Any]:
    """What of an address leads back to this list."""
    return {"meeting_id": meeting_id, "mailing": mailing_id, "show": "all" if _everybody() else None}
