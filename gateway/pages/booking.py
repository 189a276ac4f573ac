"""A place at a meeting: asked for, given back, or "I cannot come". The same form sent twice does nothing new."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.events.v1 import events_pb2
from gateway import guards
from gateway.clients import clients
from gateway.meeting_forms import number, text
from gateway.pages import meetings
from gateway.pages.refused import Refused, refused
from services.common.errors import Conflict, Invalid, NotAllowed

blueprint = Blueprint("booking", __name__, url_prefix="/meetings/<meeting_id>")
_members = guards.roles(ROLE_MEMBER, ROLE_CONVENOR)


@blueprint.post("/book")
@_members
def book(meeting_id: str) -> ResponseReturnValue:
    if not number("wish"):
        wrong = Refused("Choose where you would like to sit. Nothing was booked.", {"wish": "choose one"})
        return meetings.page(meeting_id, wrong), 422
    asked = events_pb2.BookPlaceRequest(
        id=request.form.get("id", ""),
        meeting_id=meeting_id,
        wish=max(number("wish"), 0),  # type: ignore[arg-type]  # a number of the enum, or one the service refuses
        access_needs=text("access_needs"),
    )
    try:
        answer = clients().meetings.BookPlace(asked)
    except (Invalid, Conflict, NotAllowed) as error:
        return meetings.page(meeting_id, refused(error)), 422
    return _said(meeting_id, answer.place)


@blueprint.post("/give-back")
@_members
def give_back(meeting_id: str) -> ResponseReturnValue:
    asked = events_pb2.CancelPlaceRequest(id=request.form.get("id", ""), meeting_id=meeting_id)
    try:
        place = clients().meetings.CancelPlace(asked).place
    except (Invalid, Conflict, NotAllowed) as error:
        return meetings.page(meeting_id, refused(error)), 422
    return _said(meeting_id, place)


@blueprint.post("/decline")
@_members
def decline(meeting_id: str) -> ResponseReturnValue:
    asked = events_pb2.DeclinePlaceRequest(id=request.form.get("id", ""), meeting_id=meeting_id)
    try:
        place = clients().meetings.DeclinePlace(asked).place
    except (Invalid, Conflict, NotAllowed) as error:
        return meetings.page(meeting_id, refused(error)), 422
    return _said(meeting_id, place)


def _said(meeting_id: str, place: events_pb2.MyPlace) -> ResponseReturnValue:
    """What was decided and why, as the service says it."""
    flash(f"{place.reason} Your receipt has number {place.receipt}." if place.receipt else place.reason)
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)
