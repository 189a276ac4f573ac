"""One meeting: draft, announced, cancelled; who may see and change it, and what a change leads to."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from services.common.access import Person
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.text import clean_text
from services.events.domain import sentences
from services.events.domain.local import When, said
from services.events.domain.room import Figures
from services.events.domain.text import as_sentence
from services.events.domain.words import Audience, Words, differences, require_complete

NO_SUCH = "There is no such meeting here, or it is not shared with you."
SHORTEST_REASON, LONGEST_REASON = 3, 500


class State(IntEnum):
    """The numbers are those of `fosse.events.v1.MeetingState`."""

    DRAFT = 1
    ANNOUNCED = 2
    CANCELLED = 3


@dataclass(frozen=True)
class Meeting:
    id: str
    version: int
    community_id: str
    state: State
    words: Words
    when: When
    changed_at: datetime
    created_by: str
    figures: Figures
    # How many requests were numbered, decisions made and members put on the waiting list so far.
    receipts: int = 0
    decided: int = 0
    queued: int = 0
    recorded: bool = False
    # Every member was asked by mail.
    invited: bool = False
    cancelled_because: str = ""
    # Called off before it was ever announced: what it says stays the convenors' own.
    withheld: bool = False
    minutes_edition: int = 0
    attendance_version: int = 0
    attendance_closed: bool = False
    guests: int = 0
    refused: int = 0

    def past(self, now: datetime) -> bool:
        return self.when.ends_at <= now

    def has_begun(self, now: datetime) -> bool:
        return self.when.starts_at <= now

    @property
    def joinable(self) -> bool:
        """There is something to join for who has a place: not once it is called off."""
        return self.state is not State.CANCELLED

    @property
    def announced(self) -> bool:
        return self.state is State.ANNOUNCED


@dataclass(frozen=True)
class Held:
    """A meeting that took place, as a convenor records it."""

    guests: int
    refused: int


def start(meeting_id: str, community_id: str, words: Words, when: When, *, person: Person, now: datetime) -> Meeting:
    """A new draft; `words` are already checked."""
    _require_convenor_of(community_id, person)
    _require_ahead(when, now)
    return _new(meeting_id, community_id, words, when, person, now)


def record(
    meeting_id: str, community_id: str, words: Words, when: When, *, held: Held, person: Person, now: datetime
) -> Meeting:
    """A meeting that took place already: nobody is mailed, and its attendance is complete."""
    _require_convenor_of(community_id, person)
    if when.ends_at > now:
        raise Invalid(
            "Only a meeting that is over can be recorded. Nothing was saved; make an ordinary meeting of it instead.",
            {"day": "this meeting is not over yet"},
        )
    for field in ("guests", "refused"):
        require_count(getattr(held, field), field)
    new = _new(meeting_id, community_id, words, when, person, now)
    return replace(
        new, state=State.ANNOUNCED, recorded=True, attendance_version=1, attendance_closed=True, guests=held.guests,
        refused=held.refused,
    )  # fmt: skip


def reword(before: Meeting, words: Words, when: When, now: datetime) -> Meeting:
    """What a convenor changed, already checked; raises `Conflict` or `Invalid` when that cannot be any more."""
    if before.state is State.CANCELLED:
        raise Conflict("This meeting was called off and stays as it is. Nothing was changed; start a new one instead.")
    moved = words.moves != before.words.moves
    holds = (words.room_holds, words.online_holds) != (before.words.room_holds, before.words.online_holds)
    if before.past(now) and (moved or holds):
        raise Conflict(
            "This meeting is over: its time, place and number of places stay as they were. Nothing was changed; its "
            "title, text and agenda can still be corrected."
        )
    if when != before.when:
        _require_ahead(when, now)
    if before.announced and not before.past(now):
        require_complete(words)
    _require_enough(before.figures, words)
    figures = replace(before.figures, room_holds=words.room_holds, online_holds=words.online_holds)
    return _changed(replace(before, words=words, when=when, figures=figures), now)


def moved(before: Meeting, after: Meeting) -> bool:
    """Must those who have a place, or wait for one, hear of it?"""
    return after.announced and before.words.moves != after.words.moves


def announce(before: Meeting, invite: bool, now: datetime) -> Meeting:
    """Opens it for booking; members may be invited then, or later, once."""
    if before.state is State.CANCELLED:
        raise Conflict("This meeting was called off and cannot be announced. Start a new one instead.")
    if before.past(now):
        raise Invalid(
            "This meeting would be over already. Nothing was changed; give it another day, or record it as one "
            "that took place.",
            {"day": "this day is over"},
        )
    require_complete(before.words)
    return _changed(replace(before, state=State.ANNOUNCED, invited=before.invited or invite), now)


def announced_already(meeting: Meeting, invite: bool) -> bool:
    """By this very form, sent twice."""
    return meeting.announced and (meeting.invited or not invite)


def cancel(before: Meeting, because: str, now: datetime) -> Meeting:
    reason = clean_text(because)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid(
            "Say why it is called off, for those who wanted to come.",
            {"because": f"between {SHORTEST_REASON} and {LONGEST_REASON} characters"},
        )
    if before.state is State.CANCELLED:
        raise Conflict("This meeting was called off already. Nothing was changed.")
    if before.past(now):
        raise Conflict("This meeting is over and cannot be called off any more. Nothing was changed.")
    return _changed(
        replace(before, state=State.CANCELLED, cancelled_because=reason, withheld=not before.announced), now
    )


def may_change(meeting: Meeting, person: Person | None) -> bool:
    return person is not None and person.is_convenor(meeting.community_id)


def may_see(meeting: Meeting, person: Person | None) -> bool:
    if may_change(meeting, person):
        return True
    if meeting.state is State.DRAFT or meeting.withheld:
        return False
    if meeting.words.audience == Audience.PUBLIC:
        return True
    if person is None or not (person.roles or person.operator):
        return False
    return meeting.words.audience == Audience.NODE or person.is_in(meeting.community_id)


def require_seen(meeting: Meeting | None, person: Person | None) -> Meeting:
    if meeting is None or not may_see(meeting, person):
        raise NotFound(NO_SUCH)
    return meeting


def require_change(meeting: Meeting | None, person: Person) -> Meeting:
    found = require_seen(meeting, person)
    if not may_change(found, person):
        raise NotAllowed("Only convenors of its community may do this. Nothing was changed; a convenor can help.")
    return found


def require_version(meeting: Meeting, expected: int, words: Words | None = None) -> None:
    """Raises `Conflict`, with both texts where there are two, when somebody else was first."""
    if meeting.version == expected:
        return
    raise Conflict(
        "Somebody else changed this meeting while you were working on it. Theirs is saved, yours is not: compare the "
        "two, then save again.",
        {"version": str(meeting.version), **(differences(words, meeting.words) if words else {})},
    )


def require_open(meeting: Meeting, person: Person, now: datetime) -> None:
    """Raises unless this person may ask for a place, or give one back, now."""
    if not person.is_in(meeting.community_id):
        raise NotAllowed(
            "Places at this meeting are for members of its community. Nothing was booked; a convenor of the community "
            "can let you in."
        )
    if meeting.state is State.DRAFT:
        raise Conflict("This meeting is not announced yet, so nothing can be booked. Announce it first.")
    if meeting.state is State.CANCELLED:
        raise Conflict(f"{why_called_off(meeting)} Nothing was changed.")
    if meeting.past(now):
        raise Conflict(f"This meeting ended on {said(meeting.when.ends_at)}. Nothing was changed.")


def why_called_off(meeting: Meeting) -> str:
    return f"This meeting was called off: {as_sentence(meeting.cancelled_because)}"


def require_count(number: int, field: str, most: int = 10_000) -> None:
    if not 0 <= number <= most:
        raise Invalid(f"This number cannot be right. Give one from 0 to {most}.", {field: f"a number from 0 to {most}"})


def _new(meeting_id: str, community_id: str, words: Words, when: When, person: Person, now: datetime) -> Meeting:
    figures = Figures(words.room_holds, online_holds=words.online_holds)
    return Meeting(meeting_id, 1, community_id, State.DRAFT, words, when, now, person.member_id, figures)


def _require_convenor_of(community_id: str, person: Person) -> None:
    if not person.is_convenor(community_id):
        raise NotAllowed("Only convenors of a community may make its meetings. Nothing was saved.")


def _require_ahead(when: When, now: datetime) -> None:
    """One that is running may still be noted: otherwise nobody could say who is there until it is over."""
    if when.ends_at <= now:
        raise Invalid(
            "This time is over already. Nothing was saved; choose a day that is still to come, or record a meeting "
            "that took place.",
            {"day": "choose a day and time that are still to come"},
        )


def _require_enough(figures: Figures, words: Words) -> None:
    faults: dict[str, str] = {}
    if words.room_holds < figures.room_taken:
        faults["room_holds"] = sentences.too_few("in the room", words.room_holds, figures.room_taken)
    if words.online_holds < figures.online_taken:
        faults["online_holds"] = sentences.too_few("online", words.online_holds, figures.online_taken)
    if faults:
        raise Invalid(next(iter(faults.values())), faults)


def _changed(meeting: Meeting, now: datetime) -> Meeting:
    return replace(meeting, version=meeting.version + 1, changed_at=now)
