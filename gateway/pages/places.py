"""Who has a place, who waits and who cannot come; a list to print; places for members without an account; the log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER
from fosse.events.v1 import events_pb2, facts_pb2
from gateway import acting, guards
from gateway.clients import clients
from gateway.meeting_forms import number, text
from gateway.meeting_words import HOLDING
from gateway.pages.meetings import read
from gateway.pages.names import directory, names_in, names_of
from gateway.pages.refused import NOTHING, Refused, refused
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.ids import new_id

blueprint = Blueprint("places", __name__, url_prefix="/meetings/<meeting_id>")
PAGE = 50
PLACES = 200
LABELS = {"member_id": "Who", "wish": "Where", "access_needs": "What would help them take part", "act": "What to do"}
_convenors = guards.roles(ROLE_CONVENOR)
# Part of the page, its heading, and what it says while it is empty.
PARTS = (
    (facts_pb2.DECISION_ROOM, "In the room", "Nobody has a place in the room yet."),
    (facts_pb2.DECISION_ONLINE, "Online", "Nobody has a place online yet."),
    (facts_pb2.DECISION_WAITING, "Waiting for the room, in order", "Nobody waits."),
    (facts_pb2.DECISION_DECLINED, "Apologies", "Nobody has said that they cannot come."),
)


@dataclass(frozen=True)
class Part:
    heading: str
    nobody: str
    places: Sequence[events_pb2.Place]


@blueprint.get("/places")
@_convenors
def show(meeting_id: str) -> str:
    found, start = _found(meeting_id), _start()
    end = start + PLACES
    shown = found.places[start:end]
    names = names_of(each for place in shown for each in (place.member_id, place.by_member_id))
    return render_template(
        "places.html",
        meeting=found.meeting,
        parts=list(_parts(found.meeting, shown)),
        names=names,
        needs=any(place.access_needs for place in shown),
        older=url_for(".show", meeting_id=meeting_id, start=start + PLACES)
        if len(found.places) > start + PLACES
        else "",
        newest=url_for(".show", meeting_id=meeting_id) if start else "",
    )


@blueprint.get("/places/print")
@_convenors
def to_print(meeting_id: str) -> str:
    found = _found(meeting_id)
    holding = [place for place in found.places if place.decision in HOLDING]
    names = names_of(place.member_id for place in holding)
    rows = sorted(((names[place.member_id], place) for place in holding), key=lambda row: row[0].name.casefold())
    return render_template("places_print.html", meeting=found.meeting, rows=rows)


@blueprint.get("/places/for")
@_convenors
def choose(meeting_id: str) -> str:
    return _for(meeting_id, NOTHING)


@blueprint.post("/places/for")
@_convenors
def act(meeting_id: str) -> ResponseReturnValue:
    member_id = request.form.get("member_id", "")
    if not member_id:
        return _for(
            meeting_id, Refused("Choose a member first. Nothing was changed.", {"member_id": "choose one"})
        ), 422
    try:
        place = _act(meeting_id, member_id, request.form.get("act", ""))
    except (Invalid, Conflict, NotAllowed, NotFound) as error:
        return _for(meeting_id, refused(error)), 422
    flash(f"For them it now says: “{place.reason}” Their receipt has number {place.receipt}.")
    return redirect(url_for(".show", meeting_id=meeting_id), 303)


@blueprint.get("/decisions")
@guards.roles(ROLE_MEMBER, ROLE_CONVENOR)
def decisions(meeting_id: str) -> str:
    meeting, token = read(meeting_id), request.args.get("page", "")
    found = clients().meetings.ListDecisions(
        events_pb2.ListDecisionsRequest(meeting_id=meeting_id, page_size=PAGE, page_token=token)
    )
    # Members read their own, and need no names.
    names = names_of(one.member_id for one in found.decisions) if meeting.may_change else {}
    return render_template(
        "decisions.html",
        meeting=meeting,
        decisions=found.decisions,
        names=names,
        older=url_for(".decisions", meeting_id=meeting_id, page=found.next_page_token) if found.next_page_token else "",
        newest=url_for(".decisions", meeting_id=meeting_id) if token else "",
    )


def _found(meeting_id: str) -> events_pb2.ListPlacesResponse:
    return clients().meetings.ListPlaces(events_pb2.ListPlacesRequest(meeting_id=meeting_id))


def _start() -> int:
    given = request.args.get("start", "")
    return int(given) if given.isascii() and given.isdecimal() and len(given) < 6 else 0


def _parts(meeting: events_pb2.Meeting, places: Sequence[events_pb2.Place]) -> Iterator[Part]:
    for decision, heading, nobody in PARTS:
        # Somebody who waits may hold a place online meanwhile, and stands in both parts.
        of_part = [
            place
            for place in places
            if place.decision == decision or (decision == facts_pb2.DECISION_WAITING and place.waiting_position)
        ]
        if decision == facts_pb2.DECISION_WAITING:
            of_part.sort(key=lambda place: place.waiting_position)
        if of_part or _possible(meeting, decision):
            yield Part(heading, nobody, of_part)


def _possible(meeting: events_pb2.Meeting, decision: int) -> bool:
    if decision == facts_pb2.DECISION_ONLINE:
        return meeting.words.online_holds > 0
    return decision == facts_pb2.DECISION_DECLINED or meeting.words.room_holds > 0


def _act(meeting_id: str, member_id: str, what: str) -> events_pb2.MyPlace:
    """Books, gives back or declines for the member, with a pass that names both."""
    request_id, theirs = request.form.get("id", ""), acting.for_member(member_id).meetings
    if what == "give-back":
        return theirs.CancelPlace(events_pb2.CancelPlaceRequest(id=request_id, meeting_id=meeting_id)).place
    if what == "decline":
        return theirs.DeclinePlace(events_pb2.DeclinePlaceRequest(id=request_id, meeting_id=meeting_id)).place
    asked = events_pb2.BookPlaceRequest(
        id=request_id,
        meeting_id=meeting_id,
        wish=max(number("wish"), 0),  # type: ignore[arg-type]  # a number of the enum, or one the service refuses
        access_needs=text("access_needs"),
    )
    return theirs.BookPlace(asked).place


def _for(meeting_id: str, wrong: Refused) -> str:
    meeting, words = read(meeting_id), request.values.get("words", "").strip()[:200]
    found = directory(meeting.community_id, words)
    wishes = [("1", "In the room", meeting.words.room_holds), ("2", "Online", meeting.words.online_holds)]
    return render_template(
        "place_for.html",
        meeting=meeting,
        words=words,
        total=found.total,
        members=[(entry_id, str(named)) for entry_id, named in names_in(found).items()],
        wishes=[(value, name, "") for value, name, holds in wishes if holds],
        typed=request.values,
        wrong=wrong,
        labels=LABELS,
        request_id=request.form.get("id") or new_id(),
    )
