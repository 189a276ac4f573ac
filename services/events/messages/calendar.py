"""Meetings as iCalendar entries (RFC 5545): rendered once for each version and audience, and kept."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from icalendar import Calendar as Component
from icalendar import Event, Timezone

from services.events.domain.local import LONDON, clock_note
from services.events.domain.meeting import Meeting, State
from services.events.domain.words import Words

_KEPT = 500
_STATUS = {State.DRAFT: "TENTATIVE", State.ANNOUNCED: "CONFIRMED", State.CANCELLED: "CANCELLED"}
# As tzdata has had it since 1996, by rule: an entry stays right however far ahead its meeting is.
_LONDON = """BEGIN:VTIMEZONE
TZID:Europe/London
BEGIN:DAYLIGHT
DTSTART:19960331T010000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZNAME:BST
TZOFFSETFROM:+0000
TZOFFSETTO:+0100
END:DAYLIGHT
BEGIN:STANDARD
DTSTART:19961027T020000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZNAME:GMT
TZOFFSETFROM:+0100
TZOFFSETTO:+0000
END:STANDARD
END:VTIMEZONE
"""


@dataclass(frozen=True)
class Entry:
    ics: str
    file_name: str


class Calendar:
    """Safe from many threads; what is changed has another version, so nothing in it can be old."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, int, bool], Entry] = OrderedDict()
        self._guard = Lock()

    def entry(self, meeting: Meeting, *, with_link: bool) -> Entry:
        key = (meeting.id, meeting.version, with_link)
        with self._guard:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = Entry(_render(meeting, with_link), f"meeting-{meeting.words.day}.ics")
        with self._guard:
            self._kept[key] = made
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _render(meeting: Meeting, with_link: bool) -> str:
    calendar = Component()
    calendar.add("prodid", "-//Fosse//Meetings//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if meeting.state is State.CANCELLED else "PUBLISH")
    calendar.add_component(Timezone.from_ical(_LONDON.replace("\n", "\r\n")))
    calendar.add_component(_event(meeting, with_link))
    text: bytes = calendar.to_ical()
    return text.decode()


def _event(meeting: Meeting, with_link: bool) -> Event:
    words = meeting.words
    event = Event()
    # Without the node's address: it may change, and the entry must then still be the same one.
    event.add("uid", f"{meeting.id}@fosse")
    event.add("sequence", meeting.version)
    event.add("dtstamp", meeting.changed_at)
    event.add("last-modified", meeting.changed_at)
    event.add("dtstart", _local(meeting.when.starts_at))
    event.add("dtend", _local(meeting.when.ends_at))
    event.add("status", _STATUS[meeting.state])
    event.add("summary", words.title)
    if place := words.venue or ("Online" if words.online_holds else ""):
        event.add("location", place)
    if text := _description(meeting, with_link):
        event.add("description", text)
    return event


def _local(at: datetime) -> datetime:
    return at.astimezone(LONDON)


def _description(meeting: Meeting, with_link: bool) -> str:
    words = meeting.words
    because = f"Called off: {meeting.cancelled_because}" if meeting.cancelled_because else ""
    link = f"Join online: {words.online_link}" if with_link and words.online_link else ""
    note = clock_note(words.day, words.starts, words.ends)
    return "\n\n".join(part for part in (because, words.about, _agenda(words), link, words.directions, note) if part)


def _agenda(words: Words) -> str:
    lines = []
    for item in words.agenda:
        more = ", ".join(part for part in (f"{item.minutes} min" if item.minutes else "", item.led_by) if part)
        lines.append(f"- {item.title} ({more})" if more else f"- {item.title}")
    return "\n".join(["Agenda:", *lines]) if lines else ""
