"""The work on the rows of an import, in the background: checked against what the node holds, then applied in batches.

Checking changes nothing: killed half way, it begins again. Applying notes with each batch, in the same transaction,
how many rows are done: killed at any point it goes on behind the last batch, and no row is applied twice. A batch
looks at members as they are now, so what somebody else changed since the check is never written over.

A fault of our own that comes again at every try holds up nothing else: its import rests, longer each time, while others
go on, and at last it has failed. A database that is away or busy is not counted as a fault: everything waits for it.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from services.common.access import Person
from services.common.clock import Clock
from services.common.database import Database, away
from services.common.errors import Refusal, TooMany
from services.membership.domain import Asker, importing
from services.membership.domain.importing import Areas, Counts, Finding, Homes, Import, ImportState, Unusable
from services.membership.store import importing as store
from services.membership.store import members, places
from services.membership.usecases import import_batch
from services.membership.usecases.import_batch import Work
from services.membership.usecases.importing import give_up, note_fault

BATCH = 250
LOOK_AGAIN_S = 5.0
_NO_RIGHT = "Whoever began this import may not change the members of this community any more. Nothing more was changed."


def step(db: Database, clock: Clock, ending: Callable[[], bool] = lambda: False) -> float:
    """A loop's step: brings the oldest waiting import to its next rest; returns the seconds to wait."""
    with db.only_one("imports") as mine:
        if not mine:
            return LOOK_AGAIN_S
        with db.read() as conn:
            found = store.next_to_do(conn, clock())
        if found is None:
            return LOOK_AGAIN_S
        try:
            _bring_on(db, found, clock, ending)
        except Unusable as problem:
            give_up(db, found.id, problem.sentence)
        except Exception as fault:
            if not isinstance(fault, TooMany) and not away(fault):
                note_fault(db, found.id, clock())
            # To the loop, which tells it with its trace.
            raise
    return 0.0


def _bring_on(db: Database, found: Import, clock: Clock, ending: Callable[[], bool]) -> None:
    work = _begin(db, found)
    if found.state == ImportState.CHECKING:
        _check(db, work)
        return
    while not ending() and _apply_batch(db, work, clock()):
        pass


def _begin(db: Database, found: Import) -> Work:
    with db.read() as conn:
        content = store.content(conn, found.id) or b""
        areas = Areas.of((each.id, each.name) for each in places.all_localities(conn))
        asker = _asker(conn, found)
    sheet = importing.read_sheet(content)
    columns = importing.columns_of(sheet.heading.cells)
    if columns.fault:
        raise Unusable(columns.fault)
    return Work(found, sheet, columns, areas, Homes(found.community_id), asker)


def _asker(conn: Connection, found: Import) -> Asker:
    """A person by the roles they have now; raises `Unusable` when those are gone."""
    member = members.member(conn, found.asked_by)
    if member is None:
        return found.asked_by
    person = Person(member.id, roles={} if member.left else member.roles, operator=member.operator and not member.left)
    try:
        importing.may_look(person, found)
    except Refusal as refused:
        raise Unusable(_NO_RIGHT) from refused
    return person


def _check(db: Database, work: Work) -> None:
    found = [
        Finding(work.sheet.heading.line, name[:80], "This column is not known here and is left out.", bad=False)
        for name in work.columns.unknown
    ]
    told: dict[tuple[str, str], int] = {}
    mailboxes: dict[str, int] = {}
    counts, rows = Counts(), work.sheet.rows
    for start in range(0, len(rows), BATCH):
        wishes, bad = import_batch.read(work, rows[start : start + BATCH], told, mailboxes)
        with db.read() as conn:
            decided, faults = import_batch.decide(conn, work, wishes, lock=False)
        found += bad + faults
        counts = import_batch.counted(counts, decided, {each.line for each in bad + faults if each.bad})
        _note_progress(db, work, start + BATCH)
    with db.read() as conn:
        counts = import_batch.counted_homes(counts, work.homes, import_batch.filled_homes(conn, work))
    checked = replace(
        importing.came_forward(work.found),
        state=ImportState.CHECKED,
        rows=len(rows),
        done=len(rows),
        counts=counts,
        read_as=work.sheet.read_as,
    )
    with db.write() as conn:
        if _still(conn, work, ImportState.CHECKING):
            store.clear_findings(conn, work.found.id)
            store.add_findings(conn, work.found.id, sorted(found, key=lambda each: each.line))
            store.save(conn, checked)


def _apply_batch(db: Database, work: Work, now: datetime) -> bool:
    """True while there is more to apply."""
    with db.write(statement_timeout_s=10) as conn:
        current = _still(conn, work, ImportState.APPLYING)
        if current is None:
            return False
        rows = work.sheet.rows[current.done : current.done + BATCH]
        known_bad = store.bad_lines(conn, current.id)
        wishes, _ = import_batch.read(work, [row for row in rows if row.line not in known_bad], {}, {})
        decided, faults = import_batch.decide(conn, work, wishes, lock=True)
        filled = import_batch.filled_homes(conn, work)
        import_batch.write(conn, work, decided, filled, now)
        late = [each for each in faults if each.bad]
        store.add_findings(conn, current.id, late)
        counts = import_batch.counted(current.counts, decided, {each.line for each in late})
        counts = import_batch.counted_homes(counts, work.homes, filled)
        work.homes.settle()
        done = current.done + len(rows)
        over = done >= len(work.sheet.rows)
        state = ImportState.APPLIED if over else ImportState.APPLYING
        store.save(conn, replace(importing.came_forward(current), state=state, done=done, counts=counts))
    return not over


def _still(conn: Connection, work: Work, state: ImportState) -> Import | None:
    """The import, unless it was dropped meanwhile."""
    current = store.one_locked(conn, work.found.id)
    return current if current is not None and current.state == state else None


def _note_progress(db: Database, work: Work, done: int) -> None:
    rows = len(work.sheet.rows)
    with db.write() as conn:
        if current := _still(conn, work, ImportState.CHECKING):
            store.save(conn, replace(current, rows=rows, done=min(done, rows)))
