"""Meetings of a small county that pages can be looked at with: who has a place, who waits, minutes and their mail."""

from datetime import datetime, timedelta
from typing import Any

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from fosse.events.v1 import minutes_pb2 as minutes
from fosse.notification.v1 import notification_pb2 as notification
from tests.browser import world

STARTS = datetime.fromisoformat("2026-09-10T14:00:00+01:00")
SEPTEMBER = world.id_of("september")
JULY = world.id_of("july")
_NAMES = (
    "Ada Lowe", "Ben Marsh", "Carys Hughes", "Dev Patel", "Esi Mensah", "Finn Walsh", "Grace Okoro", "Harriet Stone",
    "Imran Aziz", "Joan Pickering", "Kofi Asante", "Lena Novak", "Maureen Featherstonehaugh", "Noor Rahman",
    "Owen Griffiths", "Peggy Allsop", "Quentin Hale", "Rosa Marino", "Sunil Rao", "Tess Bramley", "Una Kelly",
    "Victor Lang", "Wanda Kowalska", "Yusuf Demir",
)  # fmt: skip
_HOMES = ("Beeston Lodge", "Trentside Community Health", "Clipstone House", "Rushcliffe Borough Council")
NEEDS = "A seat near the door, please, and large print."


def member(number: int) -> str:
    return world.id_of(f"member {number}")


PEOPLE = {
    member(number): (name, _HOMES[number % len(_HOMES)]) for number, name in enumerate(_NAMES, 1)
} | {world.id_of("priya"): ("Priya Raman", "Trentside Community Health")}  # fmt: skip


def words(**changed: Any) -> events.MeetingWords:
    given: dict[str, Any] = {
        "title": "September meeting: falls at night",
        "about": "What three homes changed on their night rounds, and what came of it.\n\nBring one question.",
        "kind": events.MEETING_KIND_MONTHLY,
        "audience": events.MEETING_AUDIENCE_COMMUNITY,
        "day": "2026-09-10",
        "starts": "14:00",
        "ends": "16:00",
        "venue": "Beeston Library, Meeting room 2",
        "directions": "Bus 36 stops outside. Four spaces for blue badges behind the building; a lift by the side door.",
        "room_holds": 20,
        "online_holds": 30,
        "online_link": "https://meet.example/september",
        "agenda": [
            events.AgendaItem(title="Welcome and who is here", minutes=10, led_by="Priya Raman"),
            events.AgendaItem(title="Three homes, three night rounds", minutes=45, led_by="Ada Lowe, Ben Marsh"),
            events.AgendaItem(title="Questions", led_by=""),
            events.AgendaItem(title="What we try before October", minutes=20, led_by="All"),
        ],
        **changed,
    }
    return events.MeetingWords(**given)


def a_meeting(name: str = "september", *, starts: datetime = STARTS, **changed: Any) -> events.Meeting:
    """Announced, ten days ahead, with places in the room and online."""
    given: dict[str, Any] = {
        "state": facts.MEETING_STATE_ANNOUNCED,
        "room_free": 6,
        "online_free": 28,
        "version": 3,
        "words": words(),
        **changed,
    }
    return events.Meeting(
        id=world.id_of(name),
        community_id=world.COMMUNITY.id,
        starts_at=world.at(starts),
        ends_at=world.at(starts + timedelta(hours=2)),
        **given,
    )


def in_july(**changed: Any) -> events.Meeting:
    """Over, with minutes."""
    said = words(title="July meeting: talking about eating and drinking", day="2026-07-09")
    given: dict[str, Any] = {"past": True, "minutes_edition": 2, "attendance_closed": True, "words": said, **changed}
    return a_meeting("july", starts=STARTS - timedelta(days=63), **given)


def a_place(number: int, decision: facts.Decision.ValueType, **more: Any) -> events.Place:
    return events.Place(
        member_id=member(number), decision=decision, receipt=number, decided_at=world.days(number % 9), **more
    )


def some_places(*, room: int = 20, online: int = 2, waiting: int = 2) -> list[events.Place]:
    """The room is full; the first who waits takes part online meanwhile."""
    places = [a_place(number, facts.DECISION_ROOM) for number in range(1, room + 1)]
    places[1].access_needs = NEEDS
    places[2].by_member_id = world.id_of("priya")
    numbers = iter(range(room + 1, 25))
    places += [a_place(next(numbers), facts.DECISION_ONLINE) for _ in range(online)]
    places += [a_place(next(numbers), facts.DECISION_WAITING, waiting_position=each + 1) for each in range(waiting)]
    if waiting:
        places[-waiting].decision = facts.DECISION_ONLINE
    return [*places, events.Place(member_id=world.id_of("priya"), decision=facts.DECISION_DECLINED, receipt=30)]


def some_decisions() -> list[events.Decided]:
    holds: dict[str, Any] = {"room_holds": 20, "online_holds": 30, "at": world.days(2)}
    full = "The room holds 20 and all places are taken. You are number 1 on the waiting list."
    return [
        events.Decided(
            number=20, receipt=20, member_id=member(20), decision=facts.DECISION_ROOM, room_taken=19,
            reason="You have a place in the room.", **holds,
        ),
        events.Decided(
            number=21, receipt=21, member_id=member(21), decision=facts.DECISION_WAITING, room_taken=20, reason=full,
            **holds,
        ),
        events.Decided(
            number=22, receipt=22, member_id=member(3), decision=facts.DECISION_DECLINED, room_taken=20, waiting=1,
            reason="Thank you for saying that you cannot come. Your place was given back.", **holds,
        ),
        events.Decided(
            number=23, receipt=22, member_id=member(21), decision=facts.DECISION_ROOM, room_taken=19, waiting=1,
            reason="A place in the room came free, and it is yours.", promoted=True, **holds,
        ),
    ]  # fmt: skip


def attendance_of(places: list[events.Place]) -> events.Attendance:
    """Before it is first saved: everybody with a place, as if present."""
    ways = {facts.DECISION_ROOM: facts.PRESENCE_ROOM, facts.DECISION_ONLINE: facts.PRESENCE_ONLINE}
    present = [
        events.Present(member_id=each.member_id, presence=ways[each.decision])
        for each in places
        if each.decision in ways
    ]
    return events.Attendance(present=present)


def minutes_words(**changed: Any) -> minutes.MinutesWords:
    given: dict[str, Any] = {
        "items": [
            minutes.MinutesItem(
                title="Three homes, three night rounds",
                discussion="Beeston Lodge moved the round at 2 to when people are awake.\n\nTwo homes asked for it.",
                decision="We try the sheet in four homes until October.",
            ),
            minutes.MinutesItem(title="Parking", discussion="Blue badges go behind the library."),
        ],
        "actions": ["Send the sheet round: Ada, 15 September", "Ask the library for a microphone: Priya, 1 October"],
        "reply_to": "convenors@notts.example",
        **changed,
    }
    return minutes.MinutesWords(**given)


def an_edition(number: int, *, age: int, mailed: bool = True) -> minutes.MinutesEdition:
    return minutes.MinutesEdition(
        edition=number,
        words=minutes_words(),
        published_at=world.days(age),
        mailed=mailed,
        mailing_id=world.id_of(f"mailing {number}") if mailed else "",
    )


def a_delivery(number: int, state: notification.DeliveryState.ValueType, **more: Any) -> notification.Delivery:
    return notification.Delivery(
        id=world.id_of(f"delivery {number}"),
        member_id=member(number),
        kind="minutes_published",
        state=state,
        attempts=1,
        queued_at=world.days(1),
        subject="Minutes: July meeting",
        **more,
    )


def some_deliveries() -> list[notification.Delivery]:
    """Twenty arrived, one is on its way, two were refused and one was given up."""
    sent = [a_delivery(each, notification.DELIVERY_STATE_SENT, sent_at=world.days(1)) for each in range(1, 21)]
    full = "The mailbox is full, says the other side (552)."
    nobody = "There is no such mailbox any more, says the other side (550)."
    silent = "The mail server of beeston.example did not answer for two days."
    return [
        *sent,
        a_delivery(21, notification.DELIVERY_STATE_BOUNCED, problem=full),
        a_delivery(22, notification.DELIVERY_STATE_BOUNCED, problem=nobody),
        a_delivery(23, notification.DELIVERY_STATE_GIVEN_UP, problem=silent),
        a_delivery(24, notification.DELIVERY_STATE_QUEUED),
    ]
