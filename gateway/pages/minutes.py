"""Minutes: the published editions, writing the draft, how its mail will look, trying it on oneself, publishing."""

from collections.abc import Iterator, Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.events.v1 import events_pb2, minutes_pb2
from gateway import forms, guards, meeting_forms
from gateway.clients import clients
from gateway.mail_words import by_mail
from gateway.pages.meetings import read
from gateway.pages.planning import members_of
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid
from services.common.ids import new_id

blueprint = Blueprint("minutes", __name__, url_prefix="/meetings/<meeting_id>/minutes")
LABELS = {"items": "Items", "actions": "Actions", "reply_to": "Where answers go", "mail": "Mail"}
_convenors = guards.roles(ROLE_CONVENOR)


@blueprint.get("")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR)
def show(meeting_id: str) -> str:
    found, wanted = _minutes(meeting_id), request.args.get("edition", "")
    editions = list(found.editions)
    shown = next((each for each in editions if str(each.edition) == wanted), editions[0] if editions else None)
    return render_template("minutes.html", meeting=read(meeting_id), found=found, shown=shown)


@blueprint.get("/edit")
@_convenors
def edit(meeting_id: str) -> str:
    meeting, found = read(meeting_id), _minutes(meeting_id)
    words = found.draft if found.draft_version else _begun(meeting, found)
    return _form(meeting, meeting_forms.minutes_as_fields(words), found.draft_version)


@blueprint.post("/edit")
@_convenors
def save(meeting_id: str) -> ResponseReturnValue:
    version = forms.expected_version()
    if "again" in request.form:
        return _form(read(meeting_id), request.form, version)
    asked = minutes_pb2.SaveMinutesRequest(
        meeting_id=meeting_id, expected_version=version, words=meeting_forms.minutes()
    )
    try:
        clients().minutes.SaveMinutes(asked)
    except Invalid as error:
        return _form(read(meeting_id), request.form, version, refused(error)), 422
    except Conflict as error:
        return _conflict(meeting_id, version, refused(error))
    return _saved(meeting_id)


@blueprint.get("/preview")
@_convenors
def preview(meeting_id: str) -> str:
    return _preview(meeting_id, NOTHING)


@blueprint.post("/test")
@_convenors
def try_on_me(meeting_id: str) -> ResponseReturnValue:
    try:
        clients().minutes.TestMinutes(
            minutes_pb2.TestMinutesRequest(id=request.form.get("id", ""), meeting_id=meeting_id)
        )
    except (Invalid, Conflict) as error:
        return _preview(meeting_id, refused(error)), 422
    look = by_mail("Look into your mailbox, then come back here to publish.")
    flash(f"It is written, to you alone. {look}")
    return redirect(url_for(".preview", meeting_id=meeting_id), 303)


@blueprint.post("/publish")
@_convenors
def publish(meeting_id: str) -> ResponseReturnValue:
    mail = request.form.get("mail") == "yes"
    asked = minutes_pb2.PublishMinutesRequest(
        meeting_id=meeting_id, expected_version=forms.expected_version(), mail=mail
    )
    try:
        edition = clients().minutes.PublishMinutes(asked).edition
    except (Invalid, Conflict) as error:
        return _preview(meeting_id, refused(error)), 422
    if not mail:
        flash("The minutes are published. Nobody was mailed.")
        return redirect(url_for(".show", meeting_id=meeting_id), 303)
    sent = by_mail("They are on their way to every member, and this page shows who has them.")
    flash(f"The minutes are published. {sent}")
    return redirect(url_for("ledger.show", meeting_id=meeting_id, mailing=edition.mailing_id), 303)


def _minutes(meeting_id: str) -> minutes_pb2.GetMinutesResponse:
    return clients().minutes.GetMinutes(minutes_pb2.GetMinutesRequest(meeting_id=meeting_id))


def _begun(meeting: events_pb2.Meeting, found: minutes_pb2.GetMinutesResponse) -> minutes_pb2.MinutesWords:
    """Where nothing is written yet: what was last published, or the agenda to write along."""
    if found.editions:
        return found.editions[0].words
    return minutes_pb2.MinutesWords(items=[minutes_pb2.MinutesItem(title=each.title) for each in meeting.words.agenda])


def _form(meeting: events_pb2.Meeting, typed: Mapping[str, str], version: int, wrong: Refused = NOTHING) -> str:
    return render_template(
        "minutes_form.html",
        meeting=meeting,
        typed=typed,
        rows=meeting_forms.rows(typed),
        version=version,
        wrong=wrong,
        labels=LABELS,
    )


def _preview(meeting_id: str, wrong: Refused) -> str:
    meeting, found = read(meeting_id), _minutes(meeting_id)
    written = bool(found.draft.items or found.draft.actions)
    newest = found.editions[0] if found.editions else None
    return render_template(
        "minutes_preview.html",
        meeting=meeting,
        words=found.draft,
        version=found.draft_version,
        written=written,
        newest=newest,
        same=newest is not None and newest.words == found.draft,
        members=members_of(meeting.community_id),
        wrong=wrong,
        labels=LABELS,
        request_id=new_id(),
    )


def _saved(meeting_id: str) -> ResponseReturnValue:
    flash("The minutes are saved. Only convenors see them until you publish.")
    return redirect(url_for(".preview", meeting_id=meeting_id), 303)


def _conflict(meeting_id: str, version: int, wrong: Refused) -> ResponseReturnValue:
    meeting, theirs, yours = read(meeting_id), _minutes(meeting_id), meeting_forms.minutes()
    if theirs.draft_version == version:
        return _form(meeting, request.form, version, wrong), 409
    if theirs.draft == yours:
        # Sent twice, and saved the first time.
        return _saved(meeting_id)
    page = render_template(
        "changed_meanwhile.html",
        meeting=meeting,
        what="these minutes",
        rows=list(_both(theirs.draft, yours)),
        version=theirs.draft_version,
        leave=url_for(".edit", meeting_id=meeting_id),
        action=url_for(".save", meeting_id=meeting_id),
        sent=[each for each in request.form.items() if each[0] not in ("csrf_token", "version", "again")],
    )
    return page, 409


def _both(theirs: minutes_pb2.MinutesWords, yours: minutes_pb2.MinutesWords) -> Iterator[tuple[str, str, str]]:
    for label, text in (
        ("Items", lambda words: "\n\n".join(_item(each) for each in words.items)),
        ("Actions", lambda words: "\n".join(words.actions)),
        ("Where answers go", lambda words: words.reply_to),
    ):
        yield label, text(theirs), text(yours)


def _item(item: minutes_pb2.MinutesItem) -> str:
    decided = f"Decided: {item.decision}" if item.decision else ""
    return "\n".join(each for each in (item.title, item.discussion, decided) if each)
