"""What a signed link in a mail opens: one look, one button, done, without an account.

Looking changes nothing, so that a mail scanner that follows links books nothing. The act is done with the link's own
pass, whoever is signed in on this computer. The code stands in the address: it leaves this page in no Referer, no
search engine and no log of ours.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from fosse.events.v1 import events_pb2, facts_pb2
from fosse.membership.v1 import links_pb2
from gateway import guards, link_acts
from gateway.answered import answered
from gateway.clients import Clients, clients
from gateway.errors import STATUS
from gateway.limits import LINK, counting
from gateway.link_acts import ACTS, Act, Done
from gateway.pages.refused import NOTHING, Refused, refused
from gateway.pages.side import unless_away
from gateway.pulse_form import LABELS
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from services.common.ids import new_id

T = TypeVar("T")
blueprint = Blueprint("links", __name__, url_prefix="/l")


@blueprint.get("/<code>")
@guards.anyone
def show(code: str) -> ResponseReturnValue:
    try:
        link = _known(lambda: _nobody().links.DescribeLink(links_pb2.DescribeLinkRequest(code=code)))
        meeting = _meeting(link)
    except (NotFound, Conflict) as error:
        return _closed(error)
    done = None if _too_late(ACTS[link.purpose], meeting) else _stands(link, code, meeting)
    return _said(link, done, meeting) if done else _ask(link, meeting)


@blueprint.post("/<code>")
@guards.anyone
def act(code: str) -> ResponseReturnValue:
    try:
        link = _known(lambda: _nobody().links.TradeLink(links_pb2.TradeLinkRequest(code=code)))
        # Before the act, which is not done where its member may not see the meeting any more.
        meeting = unless_away(lambda: _meeting(link))
    except (NotFound, Conflict) as error:
        return _closed(error)
    theirs = clients().with_pass(getattr(link, "pass"))
    try:
        done = ACTS[link.purpose].do(theirs, link.object_id)
    except Invalid as error:
        return _ask(link, meeting or _meeting(link), refused(error)), 422
    except (Conflict, NotAllowed, NotFound) as error:
        return _said(link, link_acts.not_done(error), meeting), STATUS[type(error)]
    page = make_response(_said(link, done, meeting))
    if ACTS[link.purpose].pulse:
        answered().note(page, code)
    return page


@blueprint.after_request
def keep_the_code(response: Response) -> Response:
    """Also on refusals: the code leaves with no link that is followed and is found by no search."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _nobody() -> Clients:
    """What a link opens is never the business of whoever is signed in."""
    return clients().with_pass("")


def _known(ask: Callable[[], T]) -> T:
    """A good link is not counted; after many that are not, none is looked up from that address for a while."""
    with counting().guessing(LINK, NotFound):
        return ask()


def _meeting(link: Any) -> events_pb2.Meeting:
    """As far as the link's member may see it now."""
    asked = events_pb2.DescribeMeetingRequest(id=link.object_id, community_ids=link.community_ids)
    return _nobody().meetings.DescribeMeeting(asked).meeting


def _ask(link: Any, meeting: events_pb2.Meeting, wrong: Refused = NOTHING) -> str:
    """`link`: as it was described or traded."""
    act = ACTS[link.purpose]
    return render_template(
        "link.html",
        act=act,
        made_for=link.made_for,
        meeting=meeting,
        when=link_acts.when(meeting),
        too_late=_too_late(act, meeting),
        request_id=new_id(),
        wrong=wrong,
        labels=LABELS,
        typed=request.form,
    )


def _stands(link: links_pb2.DescribeLinkResponse, code: str, meeting: events_pb2.Meeting) -> Done | None:
    """What was done before; when the meeting does not say how it stands, people are asked as if nothing was."""
    if ACTS[link.purpose].pulse:
        at = answered().at(code)
        return link_acts.answered_before(at) if at else None
    return link_acts.stands(link, unless_away(lambda: _held(link)), meeting)


def _held(link: links_pb2.DescribeLinkResponse) -> int:
    asked = events_pb2.ListPlaceHoldersRequest(meeting_id=link.object_id)
    holders = _nobody().meetings.ListPlaceHolders(asked).holders
    return next((each.decision for each in holders if each.member_id == link.member_id), 0)


def _said(link: Any, done: Done, meeting: events_pb2.Meeting | None) -> str:
    """`link`: as it was described or traded. What happened stands, whether or not the meeting can be described."""
    return render_template(
        "link_done.html",
        done=done,
        made_for=link.made_for,
        meeting=meeting,
        when=link_acts.when(meeting) if meeting else "",
        public=meeting is not None and meeting.words.audience == events_pb2.MEETING_AUDIENCE_PUBLIC,
        request_id=new_id(),
    )


def _closed(error: Refusal) -> ResponseReturnValue:
    return render_template("link_closed.html", sentence=error.sentence), STATUS[type(error)]


def _too_late(act: Act, meeting: events_pb2.Meeting) -> str:
    """Why there is nothing to press; empty: there is."""
    if meeting.state == facts_pb2.MEETING_STATE_CANCELLED:
        return f"This meeting was called off. {meeting.cancelled_because}".strip()
    return "This meeting is over." if meeting.past and not act.afterwards else ""
