"""Recording a meeting that took place: its words, who was there, guests, apologies and who got no place."""

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.events.v1 import events_pb2, facts_pb2
from gateway import meeting_forms
from gateway.clients import clients
from gateway.meeting_forms import number
from gateway.pages import communities
from gateway.pages.names import directory, names_in
from gateway.pages.planning import AUDIENCE_OPTIONS, KIND_OPTIONS, convenors
from gateway.pages.planning import LABELS as OF_MEETINGS
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Invalid
from services.common.ids import new_id

blueprint = Blueprint("recording", __name__, url_prefix="/meetings/record")
LABELS = {
    **OF_MEETINGS,
    "present": "Who was in the room",
    "online": "Who took part online",
    "apologies": "Who sent apologies",
    "guests": "Guests who are no members",
    "refused": "How many asked for a place and got none",
}


@blueprint.get("")
@convenors
def new() -> ResponseReturnValue:
    # The id stands in the address, so that going back and sending again is the same form, not a second meeting.
    if "id" not in request.args:
        return redirect(url_for(".new", **{**request.args, "id": new_id()}), 303)  # type: ignore[arg-type]  # typed for options
    usual = events_pb2.MeetingWords(
        kind=events_pb2.MEETING_KIND_MONTHLY, audience=events_pb2.MEETING_AUDIENCE_COMMUNITY
    )
    return _form(meeting_forms.as_fields(usual), NOTHING, meeting_id=request.args["id"])


@blueprint.post("")
@convenors
def record() -> ResponseReturnValue:
    meeting_id = request.form.get("id", "") or new_id()
    try:
        clients().meetings.RecordMeeting(_asked(meeting_id))
    except Invalid as error:
        return _form(request.form, refused(error), meeting_id=meeting_id), 422
    flash("The meeting is recorded, with who was there. Nobody was mailed.")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


def _asked(meeting_id: str) -> events_pb2.RecordMeetingRequest:
    form = request.form
    # Whoever is ticked twice was in the room.
    there = dict.fromkeys(form.getlist("online"), facts_pb2.PRESENCE_ONLINE)
    there |= dict.fromkeys(form.getlist("present"), facts_pb2.PRESENCE_ROOM)
    return events_pb2.RecordMeetingRequest(
        id=meeting_id,
        community_id=form.get("community", ""),
        words=meeting_forms.words(),
        present=[events_pb2.Present(member_id=one, presence=how) for one, how in there.items()],
        guests=number("guests"),
        apologies=[one for one in form.getlist("apologies") if one not in there],
        refused=number("refused"),
    )


def _form(typed: Mapping[str, str], wrong: Refused, *, meeting_id: str) -> str:
    own = communities.of_convenor()
    community = typed.get("community") or request.args.get("community") or (own[0][0] if own else "")
    found = directory(community)
    return render_template(
        "meeting_record.html",
        id=meeting_id,
        typed=typed,
        ticked={name: request.form.getlist(name) for name in ("present", "online", "apologies")},
        members=[(member_id, named.name, named.organisation) for member_id, named in names_in(found).items()],
        total=found.total,
        communities=own,
        community=community,
        kinds=KIND_OPTIONS,
        audiences=AUDIENCE_OPTIONS,
        wrong=wrong,
        labels=LABELS,
    )
