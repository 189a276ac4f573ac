"""Things that are due later: retries, reminders, expiry. Rows in the service's database, one runner per service."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from services.common import privacy
from services.common.clock import Clock
from services.common.database import Database, Id, UtcDateTime, announce
from services.common.floor_tables import FLOOR

log = logging.getLogger(__name__)
_LOOK_AGAIN_S = 5.0
_AT_ONCE = 50

timetable = Table(
    "timetable",
    FLOOR,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("kind", String(60), nullable=False, info=privacy.STATE),
    Column("key", Id, nullable=False, info=privacy.IDS),
    Column("due_at", UtcDateTime, nullable=False, index=True, info=privacy.TIMES),
    Column("payload", LargeBinary, nullable=False, info=privacy.STATE),
    Column("attempts", Integer, nullable=False, info=privacy.COUNTS),
    Column("problem", String(200), nullable=False, info=privacy.STATE),
    UniqueConstraint("kind", "key"),
    sqlite_autoincrement=True,
)


@dataclass(frozen=True)
class Due:
    """One row whose time has come. `attempts` counts the tries that failed before this one."""

    id: int
    kind: str
    key: str
    due_at: datetime
    payload: bytes
    attempts: int


# Returns when it is due next, or None when it is done. An exception means: try again, later each time.
Job = Callable[[Due], datetime | None]


def add(conn: Connection, kind: str, key: str, due_at: datetime, payload: bytes = b"") -> None:
    """Puts a row in, or moves the one that is there to the new time."""
    which = (timetable.c.kind == kind, timetable.c.key == key)
    new = {"due_at": due_at, "payload": payload, "attempts": 0, "problem": ""}
    if not conn.execute(update(timetable).where(*which).values(new)).rowcount:
        conn.execute(insert(timetable).values(kind=kind, key=key, **new))
    announce(conn, "timetable")


def overdue(conn: Connection, now: datetime) -> int:
    """Rows that should have run a minute ago."""
    late = timetable.c.due_at < now - timedelta(minutes=1)
    return int(conn.scalar(select(func.count()).select_from(timetable).where(late)) or 0)


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours."""
    return min(timedelta(minutes=2 ** min(attempts, 10)), timedelta(hours=6))


class Timetable:
    """The runner: `step` is given to a Loop."""

    def __init__(self, db: Database, jobs: Mapping[str, Job], clock: Clock) -> None:
        self._db = db
        self._jobs = jobs
        self._clock = clock

    def step(self) -> float:
        """Runs what is due; returns the seconds until it should be called again."""
        with self._db.only_one("timetable") as mine:
            if not mine:
                return _LOOK_AGAIN_S
            due = self._due()
            for row in due:
                self._run(row)
        return 0.0 if len(due) == _AT_ONCE else self._until_next()

    def _due(self) -> list[Due]:
        now = self._clock()
        with self._db.read() as conn:
            rows = conn.execute(
                select(*_READ)
                .where(timetable.c.due_at <= now, timetable.c.kind.in_(list(self._jobs)))
                .order_by(timetable.c.due_at)
                .limit(_AT_ONCE)
            )
            return [Due(*row) for row in rows]

    def _run(self, row: Due) -> None:
        try:
            following = self._jobs[row.kind](row)
        except Exception as fault:
            # One job's fault must not stop the others: it is told, and tried again later.
            log.exception("job failed", extra={"kind": row.kind, "key": row.key, "attempts": row.attempts})
            self._after(row, self._clock() + pause_after(row.attempts), row.attempts + 1, type(fault).__name__)
        else:
            self._after(row, following, row.attempts if following else 0, "")

    def _after(self, row: Due, due_at: datetime | None, attempts: int, problem: str) -> None:
        # The job itself may have moved its row: then its word counts.
        which = (timetable.c.id == row.id, timetable.c.due_at == row.due_at)
        with self._db.write() as conn:
            if due_at is None:
                conn.execute(delete(timetable).where(*which))
            else:
                new = {"due_at": due_at, "attempts": attempts, "problem": problem}
                conn.execute(update(timetable).where(*which).values(new))

    def _until_next(self) -> float:
        with self._db.read() as conn:
            next_due = conn.scalar(
                select(timetable.c.due_at)
                .where(timetable.c.kind.in_(list(self._jobs)))
                .order_by(timetable.c.due_at)
                .limit(1)
            )
        if next_due is None:
            return _LOOK_AGAIN_S
        seconds: float = (next_due - self._clock()).total_seconds()
        return min(max(seconds, 0.05), _LOOK_AGAIN_S)


_READ = tuple(timetable.c[name] for name in ("id", "kind", "key", "due_at", "payload", "attempts"))
