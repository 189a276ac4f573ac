"""What a signed link opens, and speaking for a member."""

from fosse.events.v1 import facts_pb2 as facts
from fosse.membership.v1 import links_pb2 as links
from services.common.errors import Conflict
from tests.browser import world
from tests.browser.county import County
from tests.browser.standins.linked import WAITS, a_meeting
from tests.browser.states.state import Prepare, State

DRINKS = world.id_of("drinks")
CODE = "abcdefghijklmnopqrstuvwxyz234567"
PATH = f"/l/{CODE}"


def _link(purpose: links.LinkPurpose.ValueType, **changed: object) -> Prepare:
    def prepare(county: County) -> None:
        county.shelf.links.make(CODE, purpose)
        county.shelf.links.meeting = a_meeting(**changed)
        if purpose == links.LINK_PURPOSE_CANCEL:
            county.shelf.links.hold()

    return prepare


def _full(county: County) -> None:
    _BOOK(county)
    county.shelf.links.place = WAITS


def _used(purpose: links.LinkPurpose.ValueType, held: facts.Decision.ValueType | None = None) -> Prepare:
    """Some time ago, and so it stands since."""

    def prepare(county: County) -> None:
        _link(purpose)(county)
        county.shelf.links.used[CODE] = world.days(2)
        county.shelf.links.holders = []
        if held:
            county.shelf.links.hold(held)

    return prepare


def _ended(county: County) -> None:
    county.shelf.links.ended[CODE] = "This link has run out. Nothing was changed. Sign in, or ask a convenor."


def _twice(county: County) -> None:
    _PULSE(county)
    county.shelf.refuse["AnswerPulse"] = Conflict("You have answered already. Your first answer is kept.")


def _speaking(county: County) -> None:
    county.shelf.put(world.a_resource())
    county.shelf.links.names[world.id_of("ada")] = ("Ada Longstaff", "Beeston Lodge")


_BOOK = _link(links.LINK_PURPOSE_BOOK)
_PULSE = _link(links.LINK_PURPOSE_PULSE, past=True)
_CALLED_OFF = {"state": facts.MEETING_STATE_CANCELLED, "cancelled_because": "The library is flooded."}

STATES = (
    State("link-book", PATH, _BOOK, signed_in=False),
    State("link-book-signed-in", PATH, _BOOK),
    State("link-booked", PATH, _BOOK, signed_in=False, press="Book my place"),
    State("link-waiting", PATH, _full, signed_in=False, press="Book my place"),
    State("link-cancel", PATH, _link(links.LINK_PURPOSE_CANCEL), signed_in=False),
    State("link-cancelled", PATH, _link(links.LINK_PURPOSE_CANCEL), signed_in=False, press="Give my place back"),
    State("link-decline", PATH, _link(links.LINK_PURPOSE_DECLINE), signed_in=False),
    State("link-declined", PATH, _link(links.LINK_PURPOSE_DECLINE), signed_in=False, press="Send my apologies"),
    State("link-book-used", PATH, _used(links.LINK_PURPOSE_BOOK, facts.DECISION_WAITING), signed_in=False),
    State("link-cancel-used", PATH, _used(links.LINK_PURPOSE_CANCEL), signed_in=False),
    State("link-decline-used", PATH, _used(links.LINK_PURPOSE_DECLINE), signed_in=False),
    State("link-pulse", PATH, _PULSE, signed_in=False),
    State("link-pulse-unanswered", PATH, _PULSE, signed_in=False, press="Send my answer"),
    State("link-pulse-twice", PATH, _twice, signed_in=False, press="Send my answer"),
    State("link-over", PATH, _link(links.LINK_PURPOSE_BOOK, past=True), signed_in=False),
    State("link-called-off", PATH, _link(links.LINK_PURPOSE_BOOK, **_CALLED_OFF), signed_in=False),
    State("link-ended", PATH, _ended, signed_in=False),
    State("link-unknown", PATH, signed_in=False),
    State("resource-speaking-for", f"/resources/{DRINKS}?for={world.id_of('ada')}", _speaking),
)
