"""The words about a meeting: what a draft may leave open, and what must be there when it is announced."""

from dataclasses import dataclass, fields
from enum import IntEnum

from services.common.errors import Invalid
from services.common.text import clean_line, clean_text
from services.events.domain.local import When, when
from services.events.domain.text import is_secure_link, short

SHORTEST_TITLE, LONGEST_TITLE = 3, 200
LONGEST_ABOUT, LONGEST_DIRECTIONS, LONGEST_VENUE = 5000, 2000, 300
MOST_PLACES = 10_000
MOST_AGENDA, LONGEST_ITEM, LONGEST_MINUTES = 40, 200, 600
_NOT_SAVED = "Some of this cannot be saved. Nothing was changed; please look at the marked fields."


class Kind(IntEnum):
    """The numbers are those of `fosse.events.v1.MeetingKind`."""

    MONTHLY = 1
    WEBINAR = 2
    CELEBRATION = 3
    EXTERNAL = 4


class Audience(IntEnum):
    """The numbers are those of `fosse.events.v1.MeetingAudience`."""

    COMMUNITY = 1
    NODE = 2
    PUBLIC = 3


@dataclass(frozen=True)
class AgendaItem:
    title: str
    minutes: int = 0
    led_by: str = ""


@dataclass(frozen=True)
class Words:
    title: str
    about: str = ""
    kind: int = Kind.MONTHLY
    audience: int = Audience.COMMUNITY
    day: str = ""
    starts: str = ""
    ends: str = ""
    venue: str = ""
    directions: str = ""
    room_holds: int = 0
    online_holds: int = 0
    online_link: str = ""
    agenda: tuple[AgendaItem, ...] = ()

    @property
    def moves(self) -> tuple[str, ...]:
        """What those with a place must hear of when it changes."""
        return (self.day, self.starts, self.ends, self.venue, self.online_link)


def checked_words(words: Words) -> tuple[Words, When]:
    """The words as they are kept, and the instants of the meeting; raises `Invalid` field by field."""
    clean = Words(
        title=clean_line(words.title),
        about=clean_text(words.about),
        kind=words.kind,
        audience=words.audience,
        day=words.day.strip(),
        starts=words.starts.strip(),
        ends=words.ends.strip(),
        venue=clean_line(words.venue),
        directions=clean_text(words.directions),
        room_holds=words.room_holds,
        online_holds=words.online_holds,
        online_link=words.online_link.strip(),
        agenda=_clean_agenda(words.agenda),
    )
    instants, faults = when(clean.day, clean.starts, clean.ends)
    faults |= _faults(clean)
    if faults or instants is None:
        raise Invalid(_NOT_SAVED, faults)
    return clean, instants


def require_complete(words: Words) -> None:
    """Raises `Invalid` unless everything is there that somebody who books must know."""
    missing: dict[str, str] = {}
    if words.room_holds and not words.venue:
        missing["venue"] = "say where the room is"
    if words.kind != Kind.EXTERNAL and not words.room_holds + words.online_holds:
        missing["room_holds"] = "say how many places there are, in the room or online"
    if missing:
        raise Invalid("This meeting cannot be announced yet. Nothing was changed; please complete it first.", missing)


def differences(ours: Words, theirs: Words) -> dict[str, str]:
    """For each field that differs both texts, short enough to travel in a refusal."""
    return {
        f"{whose}.{field.name}": _shown(text)
        for field in fields(Words)
        if (now := getattr(theirs, field.name)) != (yours := getattr(ours, field.name))
        for whose, text in (("theirs", now), ("yours", yours))
    }


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return short("; ".join(f"{item.title} ({item.minutes} min, {item.led_by})" for item in value))
    return short(int(value) if isinstance(value, IntEnum) else value)


def _clean_agenda(items: tuple[AgendaItem, ...]) -> tuple[AgendaItem, ...]:
    cleaned = (AgendaItem(clean_line(each.title), each.minutes, clean_line(each.led_by)) for each in items)
    # Lines that a form leaves empty are none.
    return tuple(each for each in cleaned if each != AgendaItem(""))


def _faults(words: Words) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not SHORTEST_TITLE <= len(words.title) <= LONGEST_TITLE:
        faults["title"] = f"between {SHORTEST_TITLE} and {LONGEST_TITLE} characters"
    for field, longest in (("about", LONGEST_ABOUT), ("directions", LONGEST_DIRECTIONS), ("venue", LONGEST_VENUE)):
        if (length := len(getattr(words, field))) > longest:
            faults[field] = f"at most {longest} characters; this has {length}"
    if words.kind not in set(Kind):
        faults["kind"] = "choose what kind of meeting it is"
    if words.audience not in set(Audience):
        faults["audience"] = "choose who may see it"
    for field in ("room_holds", "online_holds"):
        if not 0 <= getattr(words, field) <= MOST_PLACES:
            faults[field] = f"a number from 0 to {MOST_PLACES}"
    if words.online_link and not is_secure_link(words.online_link):
        faults["online_link"] = "copy the whole address, which begins with https://"
    if fault := _agenda_fault(words.agenda):
        faults["agenda"] = fault
    return faults


def _agenda_fault(agenda: tuple[AgendaItem, ...]) -> str:
    if len(agenda) > MOST_AGENDA:
        return f"at most {MOST_AGENDA} items"
    for number, item in enumerate(agenda, 1):
        if not 0 < len(item.title) <= LONGEST_ITEM or len(item.led_by) > LONGEST_ITEM:
            return f"item {number}: a title, and who leads it, of at most {LONGEST_ITEM} characters each"
        if not 0 <= item.minutes <= LONGEST_MINUTES:
            return f"item {number}: from 0 to {LONGEST_MINUTES} minutes"
    return ""
