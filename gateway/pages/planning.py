"""Planning a meeting: writing it, announcing it, calling it off. The same form sent twice does nothing new."""

from collections.abc import Iterator, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.events.v1 import events_pb2, facts_pb2
from fosse.membership.v1 import directory_pb2
from gateway import forms, guards, meeting_forms
from gateway.clients import clients
from gateway.mail_words import by_mail
from gateway.meeting_words import AUDIENCES, KINDS
from gateway.pages import communities
from gateway.pages.meetings import read
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.side import unless_away
from services.common.errors import Conflict, Invalid
from services.common.ids import new_id

blueprint = Blueprint("planning", __name__, url_prefix="/meetings")
LABELS = {
    "title": "What it is called",
    "kind": "What kind of meeting it is",
    "day": "Day",
    "starts": "Starts at",
    "ends": "Ends at",
    "venue": "Where",
    "directions": "How to get there",
    "room_holds": "Places in the room",
    "online_holds": "Places online",
    "online_link": "Joining link",
    "about": "What it is about",
    "agenda": "Agenda",
    "audience": "Who may see it",
    "community": "Community",
    "because": "Why it is called off",
}
KIND_OPTIONS = [(str(code), name) for code, name in KINDS.items()]
AUDIENCE_OPTIONS = [(str(code), name, about) for code, (name, about) in AUDIENCES.items()]
convenors = guards.roles(ROLE_CONVENOR)


@blueprint.get("/new")
@convenors
def new() -> ResponseReturnValue:
    # The id stands in the address, so that going back and sending again is the same form, not a second meeting.
    if "id" not in request.args:
        return redirect(url_for(".new", id=new_id()), 303)
    usual = events_pb2.MeetingWords(
        kind=events_pb2.MEETING_KIND_MONTHLY, audience=events_pb2.MEETING_AUDIENCE_COMMUNITY
    )
    return _form("new", meeting_forms.as_fields(usual), id=request.args["id"])


@blueprint.post("/new")
@convenors
def create() -> ResponseReturnValue:
    meeting_id = request.form.get("id", "") or new_id()
    if "again" in request.form:
        return _form("new", request.form, id=meeting_id)
    asked = events_pb2.CreateMeetingRequest(
        id=meeting_id, community_id=request.form.get("community", ""), words=meeting_forms.words()
    )
    try:
        clients().meetings.CreateMeeting(asked)
    except Invalid as error:
        return _form("new", request.form, refused(error), id=meeting_id), 422
    flash("The meeting is saved. Only convenors see it until you announce it.")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


@blueprint.get("/<meeting_id>/edit")
@convenors
def edit(meeting_id: str) -> str:
    meeting = read(meeting_id)
    return _form("edit", meeting_forms.as_fields(meeting.words), meeting=meeting, version=meeting.version)


@blueprint.post("/<meeting_id>/edit")
@convenors
def change(meeting_id: str) -> ResponseReturnValue:
    version = forms.expected_version()
    if "again" in request.form:
        return _form("edit", request.form, meeting=read(meeting_id), version=version)
    asked = events_pb2.UpdateMeetingRequest(id=meeting_id, expected_version=version, words=meeting_forms.words())
    try:
        clients().meetings.UpdateMeeting(asked)
    except Invalid as error:
        return _form("edit", request.form, refused(error), meeting=read(meeting_id), version=version), 422
    except Conflict as error:
        return _conflict(meeting_id, version, refused(error))
    return _saved(meeting_id)


@blueprint.get("/<meeting_id>/announce")
@convenors
def look(meeting_id: str) -> str:
    return _announce(meeting_id, NOTHING)


@blueprint.post("/<meeting_id>/announce")
@convenors
def announce(meeting_id: str) -> ResponseReturnValue:
    invite = "invite" in request.form
    asked = events_pb2.AnnounceMeetingRequest(id=meeting_id, expected_version=forms.expected_version(), invite=invite)
    try:
        clients().meetings.AnnounceMeeting(asked)
    except (Invalid, Conflict) as error:
        return _announce(meeting_id, refused(error)), 422
    mailed = by_mail("Every member gets an invitation by mail.") if invite else "Nobody was mailed."
    if "later" in request.form:
        flash(by_mail("Every member who was not invited to it before gets an invitation by mail."))
    else:
        flash(f"The meeting is announced, and places can be booked. {mailed}")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


@blueprint.get("/<meeting_id>/cancel")
@convenors
def ask_to_cancel(meeting_id: str) -> str:
    return _cancel(meeting_id, NOTHING)


@blueprint.post("/<meeting_id>/cancel")
@convenors
def cancel(meeting_id: str) -> ResponseReturnValue:
    asked = events_pb2.CancelMeetingRequest(
        id=meeting_id, expected_version=forms.expected_version(), because=meeting_forms.text("because")
    )
    try:
        clients().meetings.CancelMeeting(asked)
    except (Invalid, Conflict) as error:
        return _cancel(meeting_id, refused(error)), 422
    told = by_mail("Everybody with a place, or waiting for one, is told by mail.")
    flash(f"The meeting is called off. {told}")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


def members_of(community_id: str) -> int | None:
    """How many would get a mail; None when that cannot be asked just now."""
    asked = directory_pb2.ListDirectoryRequest(community_id=community_id, page_size=1)
    return unless_away(lambda: int(clients().directory.ListDirectory(asked).total))


def _form(step: str, typed: Mapping[str, str], wrong: Refused = NOTHING, **more: object) -> str:
    return render_template(
        "meeting_form.html",
        step=step,
        typed=typed,
        rows=meeting_forms.rows(typed),
        wrong=wrong,
        labels=LABELS,
        communities=communities.of_convenor(),
        kinds=KIND_OPTIONS,
        audiences=AUDIENCE_OPTIONS,
        **more,
    )


def _announce(meeting_id: str, wrong: Refused) -> str:
    meeting = read(meeting_id)
    seen_by, about = AUDIENCES.get(meeting.words.audience, ("", ""))
    return render_template(
        "meeting_announce.html",
        meeting=meeting,
        members=members_of(meeting.community_id),
        seen_by=seen_by,
        about=about,
        draft=meeting.state == facts_pb2.MEETING_STATE_DRAFT,
        wrong=wrong,
        labels=LABELS,
    )


def _cancel(meeting_id: str, wrong: Refused) -> str:
    return render_template(
        "meeting_cancel.html",
        meeting=read(meeting_id),
        wrong=wrong,
        labels=LABELS,
        because=request.form.get("because", ""),
    )


def _saved(meeting_id: str) -> ResponseReturnValue:
    told = by_mail("Where the time or the place is another, those who have a place are told by mail.")
    flash(f"Your changes are saved. {told}")
    return redirect(url_for("meetings.show", meeting_id=meeting_id), 303)


def _conflict(meeting_id: str, version: int, wrong: Refused) -> ResponseReturnValue:
    theirs, yours = read(meeting_id), meeting_forms.words()
    if theirs.version == version:
        return _form("edit", request.form, wrong, meeting=theirs, version=version), 409
    if theirs.words == yours:
        # Sent twice, and saved the first time.
        return _saved(meeting_id)
    page = render_template(
        "changed_meanwhile.html",
        meeting=theirs,
        what="this meeting",
        rows=list(_both(theirs.words, yours)),
        version=theirs.version,
        leave=url_for("meetings.show", meeting_id=meeting_id),
        action=url_for(".change", meeting_id=meeting_id),
        sent=[each for each in request.form.items(multi=True) if each[0] not in ("csrf_token", "version", "again")],
    )
    return page, 409


def _both(theirs: events_pb2.MeetingWords, yours: events_pb2.MeetingWords) -> Iterator[tuple[str, str, str]]:
    """For each field its label, what is saved now and what this person wrote, in words."""
    for name, label in LABELS.items():
        if name not in ("community", "because"):
            yield label, _in_words(name, theirs), _in_words(name, yours)


def _in_words(name: str, words: events_pb2.MeetingWords) -> str:
    if name == "agenda":
        return "\n".join(
            ", ".join(
                each for each in (item.title, f"{item.minutes} minutes" if item.minutes else "", item.led_by) if each
            )
            for item in words.agenda
        )
    if name == "kind":
        return KINDS.get(words.kind, "")
    return AUDIENCES.get(words.audience, ("", ""))[0] if name == "audience" else str(getattr(words, name) or "")
