"""Promise 10: at three times what a node can answer, those who are let in are answered as ever, the rest are told when
to come again, and soon after the rush all are let in."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.admission import Congestion
from tests.bench.figures import p95
from tests.machine import FULL
from tests.promises.overload import Answer, load
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.whole_nodes import a_whole_node

SEED = 10
# As many at once as there are threads: nobody waits for one.
CONNECTIONS = 8
TIMES = 3
ROUNDS = 6 if FULL else 2
BASE_S, RUSH_S = 2.5, 5.0
# Without an end a queue takes long to be answered.
CARELESS_S = 3.0
# A rush is let in for a second and then cut; what stood in the queue until then is answered or refused.
SETTLES_S = 2.0
RECOVERED_S = 10.0
# It reads the index and the database, and is a whole page.
PATH = "/shelf"


@dataclass
class Seen:
    calm: list[float] = field(default_factory=list)
    rushed: list[Answer] = field(default_factory=list)
    recovery: list[float] = field(default_factory=list)
    capacity: list[float] = field(default_factory=list)

    @property
    def let_in(self) -> list[float]:
        return [each.took for each in self.rushed if each.status == 200]

    @property
    def refused(self) -> list[Answer]:
        return [each for each in self.rushed if each.status == 429]

    @property
    def faults(self) -> int:
        """Neither a page nor an honest refusal."""
        return sum(each.status not in {200, 429} for each in self.rushed)

    @property
    def times_slower(self) -> float:
        return p95(self.let_in) / p95(self.calm)


def calm(url: str, seconds: float) -> list[Answer]:
    return load("closed", url, PATH, CONNECTIONS, seconds)


def rounds(url: str, seen: Seen, how_many: int, rush_s: float = RUSH_S) -> None:
    """By turns, so that whatever else this machine does falls on both."""
    calm(url, 1)
    for _ in range(how_many):
        before = calm(url, BASE_S)
        seen.calm += [each.took for each in before]
        seen.capacity.append(len(before) / BASE_S)
        rush = load("open", url, PATH, TIMES * seen.capacity[-1], rush_s)
        began = min(each.at for each in rush)
        seen.rushed += [each for each in rush if each.at - began > SETTLES_S]
        seen.recovery.append(recovered(calm(url, BASE_S), began + rush_s))


def recovered(after: Sequence[Answer], rush_ended: float) -> float:
    """Seconds from the end of the rush until nobody is refused any more."""
    refused = [each.at for each in after if each.status != 200]
    return max(refused, default=min(each.at for each in after)) - rush_ended


def everybody_in(congestion: Congestion, waited_s: float) -> bool:
    """A queue without an end."""
    return False


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    with a_whole_node(tmp_path, searches_a_minute=10_000_000) as node:
        yield node.url


@pytest.mark.timeout(300)
def test_of_three_times_too_many_those_let_in_are_answered_as_ever(url: str) -> None:
    careless = Seen()
    # What else this machine does makes it slower and never faster: once as promised is enough.
    for _ in range(3):
        seen = Seen()
        rounds(url, seen, ROUNDS)
        if seen.times_slower < 2:
            break
    with planted((Congestion, "refuses", everybody_in)):
        rounds(url, careless, 1, CARELESS_S)

    paced = all(each.retry_after.isdecimal() for each in seen.refused)
    soon = max(seen.recovery) < RECOVERED_S
    ok = seen.times_slower < 2 and seen.refused and paced and not seen.faults and soon and careless.times_slower > 2
    figures = (
        f"capacity={sum(seen.capacity) / ROUNDS:.0f}/s offered={TIMES}x let_in={len(seen.let_in)} "
        f"refused={len(seen.refused)} faults={seen.faults} p95={p95(seen.let_in) * 1000:.0f}ms "
        f"baseline={p95(seen.calm) * 1000:.0f}ms times={seen.times_slower:.2f} recovery={max(seen.recovery):.1f}s"
    )
    told = f"{figures} planted[no admission]={careless.times_slower:.1f}x"
    promise(10, "embedded", "three times too much", bool(ok), told, SEED)
