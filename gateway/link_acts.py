"""The acts that signed links are for: how each is asked, which rpc does it, and what is said when it is done."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from flask import request

from fosse.events.v1 import events_pb2, facts_pb2
from fosse.membership.v1 import links_pb2
from gateway.clients import Clients
from gateway.meeting_words import times, weekday
from gateway.pulse_form import said
from gateway.words import moment
from services.common.errors import Refusal

_HEADINGS: Final[Mapping[int, str]] = {
    facts_pb2.DECISION_ROOM: "You have a place",
    facts_pb2.DECISION_ONLINE: "You have a place online",
    facts_pb2.DECISION_WAITING: "You are on the waiting list",
    facts_pb2.DECISION_REFUSED: "There is no place left",
    facts_pb2.DECISION_GIVEN_BACK: "You have no place now",
    facts_pb2.DECISION_DECLINED: "Your apologies are noted",
}
_HELD: Final = {facts_pb2.DECISION_ROOM, facts_pb2.DECISION_ONLINE, facts_pb2.DECISION_WAITING}
_GIVE_BACK: Final = "You have booked already. If you cannot come, say so by the link in the mail about your place."
_BOOK_AGAIN: Final = "If you can come after all, book by the link in your invitation."


@dataclass(frozen=True)
class Done:
    """What a person reads afterwards."""

    heading: str
    sentence: str
    receipt: int = 0
    # Somebody who waits for the room could take a place online meanwhile.
    online_offered: bool = False
    # How to get there, and the like, is of use now.
    comes: bool = False
    online: bool = False
    refused: bool = False
    # It was done before; what the button says that does it once more, where that makes sense.
    before: bool = False
    again: str = ""


@dataclass(frozen=True)
class Act:
    heading: str
    about: str
    button: str
    do: Callable[[Clients, str], Done]
    # The three questions are a form; everything else is one button.
    pulse: bool = False
    # Asked when the meeting is over.
    afterwards: bool = False


def when(meeting: events_pb2.Meeting) -> str:
    """`Thursday 10 September 2026, 14:00 to 16:00`."""
    return f"{weekday(meeting.starts_at)}, {times(meeting)}"


def stands(link: links_pb2.DescribeLinkResponse, held: int | None, meeting: events_pb2.Meeting) -> Done | None:
    """What the link asks for as it stands already; None where there is something to press.

    `held`: the decision that gives the member a place or lets them wait, 0 for neither, None when it is not known.
    A use alone is no proof that its act was done: how it stands is asked of the meeting.
    """
    used = f"This link was used on {moment(link.first_used_at)}. " if link.HasField("first_used_at") else ""
    if link.purpose == links_pb2.LINK_PURPOSE_BOOK and held:
        offered = held == facts_pb2.DECISION_WAITING and meeting.online_free > 0
        return replace(_stands(held, f"{used}{_GIVE_BACK}"), online_offered=offered)
    if link.purpose == links_pb2.LINK_PURPOSE_CANCEL and held == 0:
        return _stands(facts_pb2.DECISION_GIVEN_BACK, f"{used}There is nothing to give back. {_BOOK_AGAIN}")
    if link.purpose == links_pb2.LINK_PURPOSE_DECLINE and held == 0 and used:
        # The meeting tells who has a place, and not whose apologies it has.
        done = _stands(facts_pb2.DECISION_GIVEN_BACK, f"{used}It says that you cannot come. {_BOOK_AGAIN}")
        return replace(done, again="Send my apologies once more")
    return None


def answered_before(at: datetime) -> Done:
    """Of a pulse that this browser answered."""
    sentence = (
        f"You sent your answer on {moment(at)}. It is kept without your name, so nobody can find it to change it. "
        "There is nothing left to do with this link."
    )
    return Done("You have answered", sentence, before=True)


def not_done(error: Refusal) -> Done:
    return Done("That was not done", error.sentence, refused=True)


def _book(theirs: Clients, meeting_id: str) -> Done:
    online = request.form.get("wish") == "online"
    asked = events_pb2.BookPlaceRequest(
        id=request.form.get("id", ""),
        meeting_id=meeting_id,
        wish=events_pb2.WISH_ONLINE if online else events_pb2.WISH_UNSPECIFIED,
    )
    answer = theirs.meetings.BookPlace(asked)
    return _done(answer.place, answer.online_offered)


def _cancel(theirs: Clients, meeting_id: str) -> Done:
    asked = events_pb2.CancelPlaceRequest(id=request.form.get("id", ""), meeting_id=meeting_id)
    return _done(theirs.meetings.CancelPlace(asked).place)


def _decline(theirs: Clients, meeting_id: str) -> Done:
    asked = events_pb2.DeclinePlaceRequest(id=request.form.get("id", ""), meeting_id=meeting_id)
    return _done(theirs.meetings.DeclinePlace(asked).place)


def _answer_pulse(theirs: Clients, meeting_id: str) -> Done:
    theirs.evaluation.AnswerPulse(said(meeting_id))
    return Done("Thank you", "Your answer is kept without your name. It helps to make the next meeting better.")


def _stands(decision: int, sentence: str) -> Done:
    comes, online = decision in _HELD, decision == facts_pb2.DECISION_ONLINE
    return Done(_HEADINGS[decision], sentence, comes=comes, online=online, before=True)


def _done(place: events_pb2.MyPlace, online_offered: bool = False) -> Done:
    heading = _HEADINGS.get(place.decision, "How it stands")
    online = place.decision == facts_pb2.DECISION_ONLINE
    return Done(heading, place.reason, place.receipt, online_offered, comes=place.decision in _HELD, online=online)


ACTS: Final[Mapping[int, Act]] = {
    links_pb2.LINK_PURPOSE_BOOK: Act(
        "Book a place?", "If all places are taken, you go on the waiting list.", "Book my place", _book
    ),
    links_pb2.LINK_PURPOSE_CANCEL: Act(
        "Give your place back?", "It goes to whoever waits for one, at once.", "Give my place back", _cancel
    ),
    links_pb2.LINK_PURPOSE_DECLINE: Act(
        "You cannot come?", "We note your apologies. If you have a place, somebody else gets it.",
        "Send my apologies", _decline,
    ),
    links_pb2.LINK_PURPOSE_PULSE: Act(
        "How was the meeting?",
        "Three questions, one minute. Your answer is kept without your name. Each person answers once: if you have, "
        "there is nothing left to do.",
        "Send my answer", _answer_pulse, pulse=True, afterwards=True,
    ),
}  # fmt: skip
