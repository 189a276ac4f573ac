"""What one request for a place leads to: collected first, then written in few statements."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection

from services.common import facts
from services.events.domain.meeting import Meeting
from services.events.domain.place import Place
from services.events.domain.room import Asked, Decided, Outcome, may_be_promoted, promote
from services.events.messages import said
from services.events.store import meetings, places


@dataclass
class Seating:
    """`meeting` is locked; its figures follow each decision. All decisions carry the receipt of the one request."""

    meeting: Meeting
    now: datetime
    _decided: list[Decided] = field(default_factory=list)
    _changed: list[tuple[Decided, Place]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.meeting = replace(self.meeting, receipts=self.meeting.receipts + 1)

    @property
    def receipt(self) -> int:
        return self.meeting.receipts

    def take(self, place: Place, asked: Asked, outcome: Outcome, by_member_id: str = "") -> Decided:
        """Notes one decision about a member's place."""
        number = self.meeting.decided + 1
        figures = self.meeting.figures
        decided = Decided(
            number, self.receipt, place.member_id, asked, outcome.decision, outcome.reason, outcome.position, figures
        )
        queued = max(self.meeting.queued, outcome.standing.order)
        self.meeting = replace(self.meeting, figures=outcome.figures, decided=number, queued=queued)
        self._decided.append(decided)
        if outcome.changed:
            after = replace(
                place, version=place.version + 1, standing=outcome.standing, receipt=self.receipt,
                decided_at=self.now, by_member_id=by_member_id,
            )  # fmt: skip
            self._changed.append((decided, after))
        return decided

    def promote(self, conn: Connection) -> None:
        """Free places in the room go to those who wait, in order."""
        for place in self._first_in_line(conn):
            self.take(place, Asked.PROMOTION, promote(place.standing, self.meeting.figures), place.by_member_id)

    def write(self, conn: Connection, request_id: str = "") -> None:
        """The counters stand on the meeting's row; a meeting that was changed too is saved by who changed it."""
        if self._decided:
            places.put(conn, self.meeting.id, [place for _, place in self._changed])
            places.log(conn, self.meeting.id, request_id, self._decided, self.now)
        told = [(said.place_decided(self.meeting, decided, place), self.meeting.id) for decided, place in self._changed]
        facts.put_all(conn, told, self.now)

    def _first_in_line(self, conn: Connection) -> list[Place]:
        free = may_be_promoted(self.meeting.figures)
        return places.first_in_line(conn, self.meeting.id, free) if free else []


def write_with_counters(conn: Connection, seating: Seating, request_id: str) -> None:
    meetings.save_counters(conn, seating.meeting)
    seating.write(conn, request_id)
