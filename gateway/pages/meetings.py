"""Meetings to come and those that were; one meeting with the reader's own place; its calendar entry."""

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.events.v1 import events_pb2, facts_pb2
from gateway import files, guards
from gateway.callers import caller
from gateway.clients import clients
from gateway.errors import SignInNeeded
from gateway.meeting_words import HOLDING, running_order
from gateway.pages.names import names_of
from gateway.pages.refused import NOTHING, Refused
from services.common.errors import NotFound
from services.common.ids import new_id

blueprint = Blueprint("meetings", __name__, url_prefix="/meetings")
PAGE = 20
SOON = 5
LABELS = {"wish": "Where you would like to sit", "access_needs": "What would help you take part"}


@blueprint.get("")
@guards.anyone
def ahead() -> str:
    return _listed(past=False)


@blueprint.get("/past")
@guards.anyone
def past() -> str:
    return _listed(past=True)


@blueprint.get("/<meeting_id>")
@guards.anyone
def show(meeting_id: str) -> str:
    return page(meeting_id, NOTHING)


@blueprint.get("/<meeting_id>.ics")
@guards.anyone
def calendar(meeting_id: str) -> ResponseReturnValue:
    found = clients().meetings.GetCalendarEntry(events_pb2.GetCalendarEntryRequest(meeting_id=meeting_id))
    response = Response(found.ics, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = files.disposition(found.file_name)
    return response


def read(meeting_id: str) -> events_pb2.Meeting:
    """As this person may see it; for the pages around it."""
    return clients().meetings.GetMeeting(events_pb2.GetMeetingRequest(id=meeting_id)).meeting


def page(meeting_id: str, wrong: Refused) -> str:
    """The meeting, and what was wrong with a form on it."""
    found = _found(meeting_id)
    meeting, mine = found.meeting, found.mine
    return render_template(
        "meeting.html",
        meeting=meeting,
        mine=mine if caller().person else None,
        order=list(running_order(meeting)),
        wishes=_wishes(meeting),
        holds=mine.decision in HOLDING,
        wrong=wrong,
        labels=LABELS,
        typed=request.form,
        request_id=request.form.get("id") or new_id(),
        fresh=new_id,
    )


def to_come() -> list[events_pb2.GetMeetingResponse]:
    """The next meetings that are announced, for the first page."""
    found = clients().meetings.ListMeetings(events_pb2.ListMeetingsRequest(page_size=SOON)).meetings
    return [each for each in found if each.meeting.state == facts_pb2.MEETING_STATE_ANNOUNCED]


def _found(meeting_id: str) -> events_pb2.GetMeetingResponse:
    try:
        return clients().meetings.GetMeeting(events_pb2.GetMeetingRequest(id=meeting_id))
    except NotFound as error:
        # Whoever comes from a mail is often not signed in, and is told the same whether or not there is such a meeting.
        if caller().signed_in:
            raise
        raise SignInNeeded("Please sign in to see this meeting.") from error


def _listed(*, past: bool) -> str:
    token = request.args.get("page", "")
    asked = events_pb2.ListMeetingsRequest(past=past, page_size=PAGE, page_token=token)
    found = clients().meetings.ListMeetings(asked)
    here, person = ".past" if past else ".ahead", caller().person
    convenes = person is not None and any(person.is_convenor(each) for each in person.roles)
    spoken_for = request.args.get("for", "") if convenes and not past else ""
    return render_template(
        "meetings.html",
        found=found.meetings,
        past=past,
        may_plan=convenes,
        spoken_for=spoken_for,
        named=names_of([spoken_for]).get(spoken_for),
        older=url_for(here, page=found.next_page_token) if found.next_page_token else "",
        newest=url_for(here) if token else "",
    )


def _wishes(meeting: events_pb2.Meeting) -> list[tuple[str, str, str]]:
    """Where somebody may ask to sit, with what they would get; one needs no question."""
    wishes = []
    if meeting.words.room_holds:
        full = f"Full. You would wait as number {meeting.waiting + 1}, and move up by yourself."
        wishes.append(("1", "In the room", f"{meeting.room_free} left" if meeting.room_free else full))
    if meeting.words.online_holds:
        wishes.append(("2", "Online", f"{meeting.online_free} left" if meeting.online_free else "Full just now"))
    return wishes
