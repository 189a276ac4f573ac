"""The figures of the month's mails: minutes to ten thousand members queued, and how fast they go into the folder."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.common.errors import NotFound
from services.notification.settings import Settings
from tests.bench.figures import Figure
from tests.databases import SqliteDatabases
from tests.node.month_world import recipients, the_minutes_go_out
from tests.node.notification_world import World, notification_among_neighbours
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

AREA = "month"
MANY, SENT_IN_EACH_RUN, RUNS = 10_000, 2_000, 3


def minutes() -> Iterator[Figure]:
    """Notification alone, on SQLite; members, meetings and links answer over real sockets."""
    runs = [_queued(MANY) for _ in range(RUNS)]
    note = f"{MANY:,} members, each once; from the fact until all are in the ledger"
    yield Figure(AREA, "minutes", runs, "s", 5, most=True, note=note)
    rates = [_sent(SENT_IN_EACH_RUN) for _ in range(RUNS)]
    yield Figure(AREA, "mails-sent", rates, "1/s", 300, most=False, note="minutes laid into the mail folder")


def _queued(members: int) -> float:
    with _a_community(members) as world:
        began = time.monotonic()
        the_minutes_go_out(world)
        until(lambda: _in_the_ledger(world) == members, "all are queued", 60)
        return time.monotonic() - began


def _sent(members: int) -> float:
    """Mails a second, from the first that is queued to the last that is laid down."""
    with _a_community(members) as world:
        the_minutes_go_out(world)
        until(lambda: _in_the_ledger(world) == members, "all are queued", 60)
        began, before = time.monotonic(), recipients(world).sent
        while (sent := recipients(world).sent) < members:
            # Seldom, so that looking does not slow down what is looked at.
            time.sleep(0.1)
        return (sent - before) / (time.monotonic() - began)


def _in_the_ledger(world: World) -> int:
    try:
        found = recipients(world)
    except NotFound:
        return 0
    return found.queued + found.sent + found.bounced + found.given_up


@contextmanager
def _a_community(members: int) -> Iterator[World]:
    with tempfile.TemporaryDirectory() as folder:
        databases = SqliteDatabases(Path(folder))
        with notification_among_neighbours(databases, Path(folder), Settings()) as world:
            ids = [an_id(number) for number in range(1, members + 1)]
            world.directory.members[CARE_HOMES] = ids
            for number, member_id in enumerate(ids):
                world.people.know(member_id, f"Member {number}", f"m{number}@home.example")
            yield world


if __name__ == "__main__":
    for figure in minutes():
        print(figure.line(), flush=True)
