"""Meetings, places, attendance and minutes."""

from typing import Any

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from services.common.errors import Invalid, NotFound, Refusal
from tests.browser import meeting_world as month
from tests.browser import world
from tests.browser.county import County
from tests.browser.standins import MO
from tests.browser.states.state import Prepare, State

AT = f"/meetings/{month.SEPTEMBER}"
OVER = f"/meetings/{month.JULY}"
FULL: dict[str, Any] = {"room_free": 0, "waiting": 3}
PUBLIC = events.MEETING_AUDIENCE_PUBLIC
_ROOM = events.MyPlace(
    decision=facts.DECISION_ROOM, reason="You have a place in the room.", receipt=12, access_needs=month.NEEDS
)
_ONLINE = events.MyPlace(decision=facts.DECISION_ONLINE, reason="You have a place online.", receipt=12)
_WAITS = events.MyPlace(
    decision=facts.DECISION_WAITING,
    waiting_position=3,
    receipt=24,
    reason="The room holds 20 and all places are taken. You are number 3 on the waiting list; the place goes to you by "
    "itself when 3 people have cancelled.",
)
_BOTH = events.MyPlace(
    decision=facts.DECISION_ONLINE, waiting_position=3, receipt=24, reason="You have a place online meanwhile."
)
_DECLINED = events.MyPlace(decision=facts.DECISION_DECLINED, receipt=9, reason="You said that you cannot come.")
_WRONG = Invalid(
    "Some of this cannot be saved. Nothing was changed; please look at the marked fields.",
    {
        "title": "between 3 and 200 characters",
        "day": "choose a day and time that are still to come",
        "room_holds": "a number from 0 to 10000",
        "agenda": "item 2: from 0 to 600 minutes",
    },
)


def _one(mine: events.MyPlace | None = None, *, plain: bool = False, **changed: Any) -> Prepare:
    """The September meeting, how it stands with the reader, and what was decided so far."""

    def prepare(county: County) -> None:
        held = county.shelf.meetings
        held.put(month.a_meeting(**changed))
        held.places, held.decided = month.some_places(), month.some_decisions()
        if mine is not None:
            held.mine[month.SEPTEMBER] = mine
        if plain:
            county.shelf.people["priya"] = MO

    return prepare


def _no_mail_server(county: County) -> None:
    county.shelf.mails_kept = True
    _one(state=facts.MEETING_STATE_DRAFT)(county)


def _several(*, plain: bool = False) -> Prepare:
    def prepare(county: County) -> None:
        held = county.shelf.meetings
        october = month.words(title="October meeting: blister packs", room_holds=0, venue="", audience=PUBLIC)
        november = month.words(title="Celebration: what we tried", kind=events.MEETING_KIND_CELEBRATION, online_holds=0)
        held.put(
            month.a_meeting(**FULL),
            month.a_meeting("october", starts=month.STARTS.replace(month=10, day=8), words=october, online_free=30),
            month.a_meeting("november", starts=month.STARTS.replace(month=11, day=12), words=november, room_free=20),
            month.a_meeting(
                "december", starts=month.STARTS.replace(month=12, day=10), state=facts.MEETING_STATE_DRAFT
            ),
            month.a_meeting(
                "flooded", starts=month.STARTS.replace(day=24), state=facts.MEETING_STATE_CANCELLED,
                cancelled_because="The library is flooded.",
            ),
        )  # fmt: skip
        held.mine[month.SEPTEMBER] = _WAITS
        held.mine[world.id_of("november")] = _ROOM
        if plain:
            county.shelf.people["priya"] = MO

    return prepare


def _past(county: County) -> None:
    june = month.words(title="June meeting", online_holds=0)
    county.shelf.meetings.put(
        month.in_july(),
        month.a_meeting("june", starts=month.STARTS.replace(month=6, day=11), past=True, words=june),
    )
    county.shelf.meetings.next_page = "abc"


def _july(**changed: Any) -> Prepare:
    """Over: the list is saved, a draft is written, two editions are published, most mails arrived."""

    def prepare(county: County) -> None:
        held = county.shelf.meetings
        held.put(month.in_july(**changed))
        held.places = month.some_places(room=12, waiting=0)
        held.attendance = month.attendance_of(held.places)
        held.attendance.closed, held.attendance.version, held.attendance.guests = True, 2, 3
        held.attendance.present[2].presence = facts.PRESENCE_ABSENT
        held.editions = [month.an_edition(2, age=20), month.an_edition(1, age=40)]
        held.draft = month.minutes_words(actions=["Send the sheet round: Ada, 20 September"])
        held.draft_version = 4
        county.shelf.deliveries = month.some_deliveries()

    return prepare


def _july_open(county: County) -> None:
    _july(attendance_closed=False, minutes_edition=0)(county)
    held = county.shelf.meetings
    held.attendance, held.editions, held.draft_version = None, [], 0
    held.draft = month.minutes_words(items=[], actions=[])


def _july_drafted(**changed: Any) -> Prepare:
    def prepare(county: County) -> None:
        _july(**changed)(county)
        county.shelf.meetings.editions = []

    return prepare


def _all_arrived(county: County) -> None:
    _july()(county)
    county.shelf.deliveries = county.shelf.deliveries[:20]


def _refusing(name: str, refusal: Refusal, prepare: Prepare) -> Prepare:
    def prepared(county: County) -> None:
        prepare(county)
        county.shelf.refuse[name] = refusal

    return prepared


def _overtaken(county: County) -> None:
    """Somebody else saves while this person is still writing."""
    _one()(county)

    def change() -> None:
        one = county.shelf.meetings.held[month.SEPTEMBER]
        one.version += 1
        one.words.title, one.words.room_holds = "September meeting: falls", 25

    county.shelf.meetings.meanwhile = change


def _list_overtaken(county: County) -> None:
    _july()(county)

    def change() -> None:
        saved = county.shelf.meetings.attendance
        assert saved is not None
        saved.version += 1
        saved.present[4].presence = facts.PRESENCE_ONLINE

    county.shelf.meetings.meanwhile = change


def _minutes_overtaken(county: County) -> None:
    _july()(county)

    def change() -> None:
        county.shelf.meetings.draft_version += 1
        county.shelf.meetings.draft = month.minutes_words(reply_to="")

    county.shelf.meetings.meanwhile = change


def _away(county: County) -> None:
    county.node.stop("events")


STATES: tuple[State, ...] = (
    State("meetings", "/meetings", _several()),
    State("meetings-for-somebody", f"/meetings?for={month.member(7)}", _several()),
    State("meetings-member", "/meetings", _several(plain=True)),
    State("meetings-public", "/meetings", _several(), signed_in=False),
    State("meetings-empty", "/meetings"),
    State("meetings-past", "/meetings/past?page=abc", _past),
    State("home-next-meeting", "/", _one(_WAITS, **FULL)),
    State("home-meetings-away", "/", _away),
    State("meeting", AT, _one()),
    State("meeting-member", AT, _one(plain=True)),
    State("meeting-full", AT, _one(plain=True, **FULL)),
    State("meeting-in-the-room", AT, _one(_ROOM, plain=True)),
    State("meeting-online", AT, _one(_ONLINE, plain=True, **FULL)),
    State("meeting-waiting", AT, _one(_WAITS, plain=True, **FULL)),
    State("meeting-waiting-online", AT, _one(_BOTH, plain=True, **FULL)),
    State("meeting-declined", AT, _one(_DECLINED, plain=True)),
    State("meeting-just-booked", AT, _one(plain=True, words=month.words(online_holds=0)), press="Book a place"),
    State("meeting-no-wish", AT, _one(plain=True), press="Book"),
    State("meeting-online-full", AT, _one(plain=True, words=month.words(room_holds=0, venue=""), online_free=0)),
    State("meeting-public", AT, _one(words=month.words(audience=PUBLIC)), signed_in=False),
    State("meeting-draft", AT, _one(state=facts.MEETING_STATE_DRAFT)),
    State("meeting-cancelled", AT, _one(state=facts.MEETING_STATE_CANCELLED, cancelled_because="The hall is flooded.")),
    State("meeting-past", OVER, _july()),
    State("meeting-not-there", AT),
    State("meeting-new", "/meetings/new"),
    State(
        "meeting-new-refused",
        "/meetings/new",
        _refusing("CreateMeeting", _WRONG, lambda county: None),
        fill=(("title", "A"), ("room_holds", "twenty"), ("agenda-2-title", "Falls"), ("agenda-2-minutes", "long")),
        press="Save the meeting",
    ),
    State("meeting-edit", f"{AT}/edit", _one()),
    State("meeting-more-rows", f"{AT}/edit", _one(), press="More agenda rows"),
    State("meeting-conflict", f"{AT}/edit", _overtaken, fill=(("venue", "Town hall"),), press="Save changes"),
    State("meeting-announce", f"{AT}/announce", _one(state=facts.MEETING_STATE_DRAFT)),
    State("meeting-announced-already", f"{AT}/announce", _one()),
    State("meeting-announce-no-mail-server", f"{AT}/announce", _no_mail_server),
    State("meeting-invited-later", f"{AT}/announce", _one(), press="Invite 25 members by mail"),
    State("meeting-call-off", f"{AT}/cancel", _one(**FULL)),
    State("meeting-call-off-refused", f"{AT}/cancel", _one(), press="Call it off"),
    State("meeting-record", "/meetings/record"),
    State(
        "meeting-record-refused",
        "/meetings/record",
        _refusing("RecordMeeting", _WRONG, lambda county: None),
        fill=(("title", "A"), ("guests", "some")),
        press="Record it",
    ),
    State("places", f"{AT}/places", _one(**FULL)),
    State("places-empty", f"{AT}/places", lambda county: county.shelf.meetings.put(month.a_meeting()) and None),
    State("places-print", f"{AT}/places/print", _one(**FULL)),
    State("places-for", f"{AT}/places/for", _one(**FULL)),
    State("places-for-nobody", f"{AT}/places/for?words=zebra", _one(**FULL)),
    State("places-for-refused", f"{AT}/places/for", _one(**FULL), press="Do it for them"),
    State("decisions", f"{AT}/decisions", _one(**FULL)),
    State("decisions-own", f"{AT}/decisions", _one(_WAITS, plain=True, **FULL)),
    State("attendance", f"{OVER}/attendance", _july_open),
    State("attendance-not-begun", f"{AT}/attendance", _one(**FULL)),
    State("attendance-closed", f"{OVER}/attendance", _july()),
    State(
        "attendance-refused",
        f"{OVER}/attendance",
        _july_open,
        fill=(("guests", "some"),),
        press="Save and close the list",
    ),
    State("attendance-conflict", f"{OVER}/attendance", _list_overtaken, press="Save corrections"),
    State("minutes", f"{OVER}/minutes", _july()),
    State("minutes-older-edition", f"{OVER}/minutes?edition=1", _july()),
    State("minutes-none", f"{OVER}/minutes", _july_open),
    State("minutes-edit", f"{OVER}/minutes/edit", _july()),
    State("minutes-begin", f"{OVER}/minutes/edit", _july_open),
    State(
        "minutes-refused",
        f"{OVER}/minutes/edit",
        _refusing(
            "SaveMinutes",
            Invalid("Some of this cannot be saved.", {"items": "item 1: a title", "reply_to": "not an e-mail address"}),
            _july(),
        ),
        press="Save and look at the mail",
    ),
    State(
        "minutes-conflict",
        f"{OVER}/minutes/edit",
        _minutes_overtaken,
        fill=(("actions", "Ring the library: Priya"),),
        press="Save and look at the mail",
    ),
    State("minutes-preview", f"{OVER}/minutes/preview", _july_drafted()),
    State("minutes-preview-again", f"{OVER}/minutes/preview", _july()),
    State("minutes-preview-recorded", f"{OVER}/minutes/preview", _july_drafted(recorded=True)),
    State("minutes-preview-empty", f"{OVER}/minutes/preview", _july_open),
    State("ledger", f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 2')}", _july()),
    State("ledger-everybody", f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 2')}&show=all", _july()),
    State(
        "ledger-being-written",
        f"{OVER}/minutes/deliveries?mailing={world.id_of('mailing 2')}",
        _refusing("ListRecipients", NotFound("There are no mails of this kind."), _july()),
    ),
    State("ledger-all-arrived", f"{OVER}/minutes/deliveries", _all_arrived),
    State("meetings-away", "/meetings", _away),
)
