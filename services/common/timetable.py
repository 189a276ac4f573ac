"""Things that are due later: retries, reminders, expiry. Rows in the service's database, one runner per service."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    bindparam,
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
# Is handed up to 50 due rows of its kind at once, the oldest first. It may `settle` each in the transaction in which it
# notes how that one went, so that a crash repeats at most one; rows that it leaves as they were are done. An exception
# means: the rows that are left are tried one by one, so that one row's fault does not hold up the others.
Batch = Callable[[Sequence[Due]], None]
NO_BATCHES: Mapping[str, Batch] = {}


def add(conn: Connection, kind: str, key: str, due_at: datetime, payload: bytes = b"") -> None:
    """Puts a row in, or moves the one that is there to the new time."""
    which = (timetable.c.kind == kind, timetable.c.key == key)
    new = {"due_at": due_at, "payload": payload, "attempts": 0, "problem": ""}
    if not conn.execute(update(timetable).where(*which).values(new)).rowcount:
        conn.execute(insert(timetable).values(kind=kind, key=key, **new))
    announce(conn, "timetable")


def add_all(conn: Connection, kind: str, keys: Iterable[str], due_at: datetime) -> None:
    """Puts many rows in that are not there yet, in one statement."""
    new = {"kind": kind, "due_at": due_at, "payload": b"", "attempts": 0, "problem": ""}
    rows = [{"key": key, **new} for key in keys]
    if rows:
        conn.execute(insert(timetable), rows)
        announce(conn, "timetable")


def settle(
    conn: Connection, row: Due, due_at: datetime | None = None, *, attempts: int | None = None, problem: str = ""
) -> None:
    """The row is done, or due again at `due_at`. Where somebody moved it meanwhile, their word counts."""
    which = (timetable.c.id == row.id, timetable.c.due_at == row.due_at)
    if due_at is None:
        conn.execute(delete(timetable).where(*which))
    else:
        new = {"due_at": due_at, "attempts": row.attempts if attempts is None else attempts, "problem": problem}
        conn.execute(update(timetable).where(*which).values(new))


def settle_all(conn: Connection, settled: Iterable[tuple[Due, datetime | None]]) -> None:
    """Many rows of a batch as `settle` does one, in at most two statements."""
    done, again = list[dict[str, object]](), list[dict[str, object]]()
    for row, due_at in settled:
        which = {"row": row.id, "was_due": row.due_at}
        again.append({**which, "now_due": due_at}) if due_at else done.append(which)
    which_row = (timetable.c.id == bindparam("row"), timetable.c.due_at == bindparam("was_due"))
    if done:
        conn.execute(delete(timetable).where(*which_row), done)
    if again:
        conn.execute(update(timetable).where(*which_row).values(due_at=bindparam("now_due"), problem=""), again)


def overdue(conn: Connection, now: datetime) -> int:
    """Rows that should have run a minute ago."""
    late = timetable.c.due_at < now - timedelta(minutes=1)
    return int(conn.scalar(select(func.count()).select_from(timetable).where(late)) or 0)


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours."""
    return min(timedelta(minutes=2 ** min(attempts, 10)), timedelta(hours=6))


class Timetable:
    """The runner: `step` is given to a Loop. In each step single jobs come first, then one batch of each kind in the
    order of `batches`: a kind with ten thousand rows waiting does not hold up the kind before it."""

    def __init__(
        self, db: Database, jobs: Mapping[str, Job], clock: Clock, batches: Mapping[str, Batch] = NO_BATCHES
    ) -> None:
        self._db = db
        self._jobs = jobs
        self._batches = batches
        self._clock = clock

    def step(self) -> float:
        """Runs what is due; returns the seconds until it should be called again."""
        with self._db.only_one("timetable") as mine:
            if not mine:
                return _LOOK_AGAIN_S
            due = self._due(list(self._jobs))
            for row in due:
                self._run(row)
            most = max([len(due), *(self._run_batch(kind) for kind in self._batches)])
        return 0.0 if most == _AT_ONCE else self._until_next()

    def _due(self, kinds: Sequence[str]) -> list[Due]:
        now = self._clock()
        with self._db.read() as conn:
            rows = conn.execute(
                select(*_READ)
                .where(timetable.c.due_at <= now, timetable.c.kind.in_(kinds))
                .order_by(timetable.c.due_at, timetable.c.id)
                .limit(_AT_ONCE)
            )
            return [Due(*row) for row in rows]

    def _run(self, row: Due) -> None:
        try:
            following = self._jobs[row.kind](row)
        except Exception as fault:
            # One job's fault must not stop the others: it is told, and tried again later.
            self._failed(row, fault)
        else:
            with self._db.write() as conn:
                settle(conn, row, following)

    def _run_batch(self, kind: str) -> int:
        due = self._due([kind])
        if due:
            self._together(due)
        return len(due)

    def _together(self, rows: Sequence[Due]) -> None:
        try:
            self._batches[rows[0].kind](rows)
        except Exception as fault:
            # As above; which row's fault it was shows when each is tried alone.
            if len(rows) == 1:
                self._failed(rows[0], fault)
                return
            for row in self._left(rows):
                self._together([row])
        else:
            if left := self._left(rows):
                with self._db.write() as conn:
                    for row in left:
                        settle(conn, row)

    def _left(self, rows: Sequence[Due]) -> list[Due]:
        """Those that were neither settled nor moved."""
        with self._db.read() as conn:
            ids = select(timetable.c.id, timetable.c.due_at).where(timetable.c.id.in_([row.id for row in rows]))
            there = {id_: due_at for id_, due_at in conn.execute(ids)}
        return [row for row in rows if there.get(row.id) == row.due_at]

    def _failed(self, row: Due, fault: Exception) -> None:
        log.error("job failed", exc_info=fault, extra={"kind": row.kind, "key": row.key, "attempts": row.attempts})
        later = self._clock() + pause_after(row.attempts)
        with self._db.write() as conn:
            settle(conn, row, later, attempts=row.attempts + 1, problem=type(fault).__name__)

    def _until_next(self) -> float:
        with self._db.read() as conn:
            next_due = conn.scalar(
                select(timetable.c.due_at)
                .where(timetable.c.kind.in_([*self._jobs, *self._batches]))
                .order_by(timetable.c.due_at)
                .limit(1)
            )
        if next_due is None:
            return _LOOK_AGAIN_S
        seconds: float = (next_due - self._clock()).total_seconds()
        return min(max(seconds, 0.05), _LOOK_AGAIN_S)


_READ = tuple(timetable.c[name] for name in ("id", "kind", "key", "due_at", "payload", "attempts"))
