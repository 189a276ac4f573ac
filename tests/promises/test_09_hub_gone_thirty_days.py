"""Promise 9: a county goes on for thirty days without its hub; when it is back, nothing is missing or doubled."""

import logging
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from services.common.clock import utc_now
from services.federation.store import to_sign
from services.federation.store.tables import entries
from tests.databases import SqliteDatabases
from tests.neighbours.region import Neighbour, Region, a_region
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

SEED = 9
DAYS = 30
RESTARTED_ON = 12


class Calendar:
    """Moved forward day by day. It begins in the past: TLS looks at the machine's own clock, and knows no future."""

    def __init__(self) -> None:
        self.moved = -timedelta(days=DAYS + 1)

    def __call__(self) -> datetime:
        return utc_now() + self.moved

    def next_day(self) -> None:
        self.moved += timedelta(days=1)


def waiting(node: Neighbour) -> int:
    """What the county has to say and the hub does not hold."""
    with node.db.read() as conn:
        return to_sign.waiting(conn) + node.status.unsent


def entries_of(node: Neighbour, origin: str) -> int:
    with node.db.read() as conn:
        return conn.scalar(select(func.count()).select_from(entries).where(entries.c.node == origin)) or 0


def a_month_alone(notts: Neighbour, calendar: Calendar) -> list[str]:
    """One item a day; the county is started anew in between, and so signs no more from that day on."""
    shared = []
    for day in range(DAYS):
        calendar.next_day()
        if day == RESTARTED_ON:
            until(lambda: notts.status.unsent == RESTARTED_ON, "what was shared so far is signed, and waits")
            notts.stop()
            notts.start()
        shared.append(notts.shelf.share(f"Day {day}", file=f"File of day {day}".encode()))
        assert notts.status.enrolment
    until(lambda: waiting(notts) == DAYS, "all thirty wait")
    return shared


def lost_with_a_forgetful_county(region: Region, notts: Neighbour, derbys: Neighbour) -> int:
    """Planted: what is shared while the hub is away is not noted."""
    region.hub.stop()
    with planted((to_sign, "notice", lambda *_: None)):
        forgotten = notts.shelf.share("Forgotten")
        until(lambda: not _unheard(notts), "the fact was heard")
    region.hub.start()
    after = notts.shelf.share("After")
    until(lambda: after in derbys.shelf.taken, "what came after arrives")
    return int(forgotten not in derbys.shelf.taken)


def _unheard(node: Neighbour) -> int:
    return node.bus.waiting("fosse.resource").unsent


def test_thirty_days_without_the_hub_lose_and_double_nothing(
    sqlite_databases: SqliteDatabases, caplog: pytest.LogCaptureFixture
) -> None:
    calendar = Calendar()
    with a_region(sqlite_databases, calendar) as region:
        notts, derbys = region.county("notts", "Nottinghamshire"), region.county("derbys", "Derbyshire")
        region.hub.stop()
        shared = a_month_alone(notts, calendar)
        signed_alone, errors = notts.status.unsent, _errors(caplog)

        region.hub.start()
        until(lambda: set(shared) <= set(derbys.shelf.taken), "Derbyshire holds all thirty", 60)
        until(lambda: len(derbys.shelf.taken_files) == DAYS, "and their files", 60)
        until(lambda: waiting(notts) == 0, "nothing waits")
        lost = len(set(shared) - set(derbys.shelf.taken))
        doubled = entries_of(derbys, notts.id) - DAYS
        caught = lost_with_a_forgetful_county(region, notts, derbys)

    figures = f"days={DAYS} errors={errors} signed_alone={signed_alone} waited={DAYS - signed_alone} lost={lost} "
    figures += f"doubled={doubled} planted[forgets while alone]={caught}"
    kept = (errors, lost, doubled, signed_alone, caught) == (0, 0, 0, RESTARTED_ON, 1)
    promise(9, "region", "thirty days without the hub", kept, figures, SEED)


def _errors(caplog: pytest.LogCaptureFixture) -> int:
    return sum(record.levelno >= logging.ERROR and record.name.startswith("services.") for record in caplog.records)
