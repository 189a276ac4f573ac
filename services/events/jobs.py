"""What the timetable has for events: a week after a meeting, what helps people take part is forgotten."""

from datetime import datetime

from services.common.clock import Clock
from services.common.database import Database
from services.common.timetable import Due
from services.events.usecases import arranging


class Forgetting:
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def needs(self, due: Due) -> datetime | None:
        """Its key is the meeting's id."""
        return arranging.forget_needs(self._db, due.key, self._clock())
