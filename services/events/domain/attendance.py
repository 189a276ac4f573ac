"""Who was at a meeting: a list that a convenor completes, and closes once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum

from services.common.errors import Conflict, Invalid
from services.common.ids import checked
from services.events.domain.meeting import Meeting, State, require_count
from services.events.domain.room import Decision

MOST_PRESENT = 10_000
PULSE_ASKED_WITHIN = timedelta(days=14)


class Presence(IntEnum):
    """The numbers are those of `fosse.events.v1.Presence`."""

    ABSENT = 1
    ROOM = 2
    ONLINE = 3


Present = Mapping[str, Presence]
"""Member to how they were there."""


@dataclass(frozen=True)
class Attendance:
    version: int = 0
    present: Present = field(default_factory=dict)
    guests: int = 0
    closed: bool = False

    @property
    def count(self) -> int:
        """Members who were there."""
        return sum(1 for presence in self.present.values() if presence is not Presence.ABSENT)


def checked_present(given: Iterable[tuple[str, int]]) -> Present:
    """The list as it is kept; raises `Invalid` for somebody who stands in it twice or in no known way."""
    present: dict[str, Presence] = {}
    for member_id, number in given:
        checked(member_id, "present")
        if number not in set(Presence) or present.setdefault(member_id, Presence(number)) is not Presence(number):
            raise Invalid(
                "Say for each member on the list, once, whether they were there. Nothing was saved.",
                {"present": "absent, in the room or online, once for each"},
            )
    if len(present) > MOST_PRESENT:
        raise Invalid("This list is too long.", {"present": f"at most {MOST_PRESENT} members"})
    return present


def proposed(holders: Iterable[tuple[str, Decision]]) -> Attendance:
    """Before it is first saved: everybody with a place, as if they had come."""
    there = {Decision.ROOM: Presence.ROOM, Decision.ONLINE: Presence.ONLINE}
    return Attendance(present={member_id: there[holds] for member_id, holds in holders if holds in there})


def note(before: Attendance, present: Present, *, guests: int, close: bool) -> Attendance:
    """Somebody who no longer stands in the list was not there."""
    require_count(guests, "guests")
    left = {member_id: Presence.ABSENT for member_id in before.present if member_id not in present}
    return Attendance(before.version + 1, {**present, **left}, guests, before.closed or close)


def says_the_same(before: Attendance, after: Attendance) -> bool:
    """By this very form, sent twice."""
    if not before.version:
        return False
    return (before.present, before.guests, before.closed) == (after.present, after.guests, after.closed)


def changes(before: Attendance, after: Attendance) -> Present:
    return {
        member_id: presence
        for member_id, presence in after.present.items()
        if before.present.get(member_id) is not presence
    }


def require_begun(meeting: Meeting, now: datetime) -> None:
    if meeting.state is not State.ANNOUNCED:
        raise Conflict("This meeting did not take place, so nobody can have been there. Nothing was saved.")
    if not meeting.has_begun(now):
        raise Conflict("This meeting has not begun yet. Nothing was saved; note who is there when it has.")


def require_version(before: Attendance, expected: int) -> None:
    if before.version == expected:
        return
    raise Conflict(
        "Somebody else saved this list while you were working on it. Theirs is saved, yours is not: open the list "
        "again and compare.",
        {"version": str(before.version)},
    )


def ask_pulse(meeting: Meeting, now: datetime) -> bool:
    """A question about how it was makes sense while people remember."""
    return not meeting.recorded and now - meeting.when.ends_at < PULSE_ASKED_WITHIN
