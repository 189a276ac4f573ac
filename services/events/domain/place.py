"""A member's place at a meeting, and what helps them take part."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from services.common.errors import Invalid
from services.common.text import clean_text
from services.events.domain import sentences
from services.events.domain.meeting import Meeting, State, why_called_off
from services.events.domain.room import Decision, Standing

LONGEST_NEEDS = 1000
_LISTED = (Decision.ROOM, Decision.ONLINE, Decision.WAITING, Decision.DECLINED)


@dataclass(frozen=True)
class Place:
    """`version` counts what was decided about it; 0: nothing yet."""

    member_id: str
    version: int = 0
    standing: Standing = field(default_factory=Standing)
    receipt: int = 0
    decided_at: datetime | None = None
    by_member_id: str = ""
    # On the waiting list, 1 is next; 0: does not wait.
    position: int = 0
    needs: str = ""

    @property
    def seated(self) -> bool:
        return bool(self.standing.holds)

    @property
    def counts(self) -> bool:
        """Has a place, or waits for one: hears of what changes."""
        return bool(self.standing.holds or self.standing.order)


def checked_needs(text: str) -> str:
    needs = clean_text(text)
    if len(needs) > LONGEST_NEEDS:
        raise Invalid(
            "What helps you take part is longer than can be kept. Nothing was booked; please shorten it.",
            {"access_needs": f"at most {LONGEST_NEEDS} characters; this has {len(needs)}"},
        )
    return needs


def listed(places: Iterable[Place]) -> list[Place]:
    """Room, then online, then waiting in order, then apologies; who gave a place back stands in no list."""
    found = [each for each in places if each.standing.shown in _LISTED]
    return sorted(
        found, key=lambda each: (_LISTED.index(each.standing.shown), each.standing.order, each.receipt, each.member_id)
    )


def how_it_stands(meeting: Meeting, place: Place, now: datetime) -> tuple[int, str]:
    """The position on the waiting list and a sentence, for the meeting's page."""
    if place.version and meeting.state is State.CANCELLED:
        return 0, why_called_off(meeting)
    if meeting.past(now) or not place.version:
        return 0, ""
    figures = meeting.figures
    shown = place.standing.shown.name
    return place.position, sentences.stands(shown, place.position, figures.room_holds, figures.online_free)
