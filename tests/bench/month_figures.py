"""The figures page with 100,000 facts behind it, and counting all of them anew."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Table, insert

from services.common.clock import utc_now
from services.common.database import Database
from services.common.ids import new_id
from services.evaluation.domain.indicators import INDICATORS, OF_MEMBERS
from services.evaluation.domain.months import month_of, window
from services.evaluation.domain.standing import Cell
from services.evaluation.store import figures, tables
from services.evaluation.usecases import counting
from services.node.demo.person import Person
from tests.bench.client import measure as ask_pages
from tests.bench.figures import Figure, p95
from tests.bench.region import a_folder, a_region, community_of, cookies_of, let_in

AREA = "month"
MEMBERS, MEETINGS, PRESENT, RESOURCES = 3_000, 1_500, 62, 3_000
FACTS = MEMBERS + MEETINGS * (PRESENT + 1) + RESOURCES
_AT_ONCE = 5_000


def indicators() -> Iterator[Figure]:
    """A node with so many facts: its page, its rpc, and everything counted from scratch."""
    with a_folder() as folder, a_region(folder, "notts") as region:
        node = region.node("notts")
        person, community = let_in(node), community_of(node)
        node.ask_to_stop()
        node.wait_until_stopped()
        recounts, equal = _fill(node.folder.path / "evaluation.db", community)
        node.start()
        node.wait_until_ready()
        yield Figure(AREA, "indicators-page", [_page_ms(node.address, person) for _ in range(3)], "ms", 100, most=True,
                     note=f"p95, one after the other, {FACTS:,} facts")  # fmt: skip
        yield Figure(AREA, "indicators-recount", recounts, "s", 10, most=True, note=f"{equal}")


def _page_ms(address: str, person: Person) -> float:
    done = ask_pages(address, ["/figures", "/figures/attendance"], cookies=cookies_of(person), seconds=4, connections=1)
    assert not done.bad, f"{done.bad} of {len(done.seconds)} answers were not 200"
    return p95(done.seconds) * 1000


def _fill(path: Path, community: str) -> tuple[list[float], str]:
    """Puts the kept facts in; answers the seconds of three recounts, and whether they found any difference."""
    db, now = Database(f"sqlite:///{path}", statement_timeout_s=30), utc_now()
    _put(db, community, random.Random(4), now)
    _mark_all(db, community, now)
    while counting.count_marked(db, now):
        pass
    seconds, differences = [], 0
    for _ in range(3):
        began = time.monotonic()
        differences += counting.recompute(db, now).differences
        seconds.append(time.monotonic() - began)
    assert not differences, f"{differences} figures were counted differently"
    db.dispose()
    return seconds, "equal to what was counted as facts came"


def _put(db: Database, community: str, chance: random.Random, now: datetime) -> None:
    months = window("", 36, now)
    members = [new_id() for _ in range(MEMBERS)]
    homes = [new_id() for _ in range(400)]
    _insert(db, tables.membership, [
        {"member_id": each, "version": 1, "community_id": community, "organisation_id": chance.choice(homes),
         "gone": False, "month": chance.choice(months)} for each in members
    ])  # fmt: skip
    meetings = [(new_id(), now - timedelta(hours=1, days=chance.randrange(1000))) for _ in range(MEETINGS)]
    _insert(db, tables.meeting, [
        {"meeting_id": each, "version": 1, "community_id": community, "stands": True, "starts_at": at,
         "month": month_of(at)} for each, at in meetings
    ])  # fmt: skip
    _insert(db, tables.attendance, [
        {"meeting_id": each, "member_id": member, "version": 1, "present": True}
        for each, _ in meetings for member in chance.sample(members, PRESENT)
    ])  # fmt: skip
    _insert(db, tables.shared_resource, [
        {"item_id": new_id(), "community_id": community, "first_at": datetime(2024, 1, 1, tzinfo=UTC),
         "month": chance.choice(months)} for _ in range(RESOURCES)
    ])  # fmt: skip


def _insert(db: Database, table: Table, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), _AT_ONCE):
        with db.write() as conn:
            conn.execute(insert(table), rows[start : start + _AT_ONCE])


def _mark_all(db: Database, community: str, now: datetime) -> None:
    cells = [Cell(community, each.code, month) for each in INDICATORS for month in window("", 36, now)]
    with db.write() as conn:
        figures.mark(conn, [cell for cell in cells if cell.indicator not in _SERIES or cell.month == cells[-1].month])


_SERIES = {each.code for each in OF_MEMBERS}
