"""Figures are counted anew a moment after a fact touched them; and all of them, when somebody wants to be sure.

One fact touches a figure, a hundred facts touch it a hundred times, and it is counted once: that keeps an import of ten
thousand members cheap. Counting reads the kept facts, so it matters neither in which order they came nor how often.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.common.database import Database
from services.evaluation.domain.indicators import BY_CODE
from services.evaluation.domain.standing import Cell
from services.evaluation.store import counting, figures

AT_ONCE = 2_000
_PATIENCE_S = 10.0


@dataclass(frozen=True)
class Recount:
    """What counting everything anew found."""

    facts: int
    figures: int
    differences: int


def count_marked(db: Database, now: datetime) -> int:
    """Counts what is marked; returns how many marks were settled."""
    with db.read() as conn:
        if not figures.marked(conn, 1):
            return 0
    with db.write(statement_timeout_s=_PATIENCE_S) as conn:
        marked = figures.marked(conn, AT_ONCE)
        for cell in _series_once(marked.values()):
            figures.replace(conn, cell, counting.of_cell(conn, cell, now))
        figures.settle(conn, marked.keys())
        return len(marked)


def recompute(db: Database, now: datetime) -> Recount:
    """Counts everything from the kept facts, compares and mends."""
    while count_marked(db, now):
        pass
    # Reading takes longer than writing, and keeps nobody waiting.
    with db.read() as conn:
        counted, known = counting.of_all(conn, now), figures.of_all(conn)
        facts = counting.facts_kept(conn)
    wrong = {cell for cell in counted.keys() | known.keys() if counted.get(cell) != known.get(cell)}
    if wrong:
        with db.write(statement_timeout_s=_PATIENCE_S) as conn:
            for cell in _series_once(wrong):
                figures.replace(conn, cell, counting.of_cell(conn, cell, now))
    return Recount(facts, len(counted), len(wrong))


def _series_once(cells: Iterable[Cell]) -> list[Cell]:
    """Of what stands at month ends one cell is enough: its whole series is counted with it."""
    one_each = {(cell.community_id, cell.indicator, _place(cell)): cell for cell in cells}
    return [one_each[key] for key in sorted(one_each)]


def _place(cell: Cell) -> str:
    return "" if BY_CODE[cell.indicator].at_month_end else cell.month
