"""What federation does by the clock: renews the region's list, sweeps the relay folder, looks at the hub anew."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from services.common import timetable
from services.common.timetable import Due, Job
from services.federation.store import files
from services.federation.this_node import ThisNode
from services.federation.usecases import standing

RENEW, SWEEP = "renew-registry", "sweep-relay"
_EVERY = {RENEW: timedelta(hours=6), SWEEP: timedelta(hours=24)}
_A_DAY = timedelta(days=1)
_AT_ONCE = 500


def jobs(node: ThisNode) -> dict[str, Job]:
    work: dict[str, Callable[[datetime], object]] = {SWEEP: lambda now: sweep(node, now)}
    if node.is_hub:
        work[RENEW] = lambda now: standing.renew_registry(node, now)
    return {kind: _repeating(node, kind, do) for kind, do in work.items()}


def plan(node: ThisNode, kinds: Iterable[str]) -> None:
    """At each start; what is planned already is moved to soon."""
    with node.db.write() as conn:
        for kind in kinds:
            timetable.add(conn, kind, node.id, node.clock() + timedelta(seconds=30))


def sweep(node: ThisNode, now: datetime) -> int:
    """Drops files of the relay folder that no entry names: a crash left them behind. Returns how many."""
    node.relay.drop_half_written(now - _A_DAY)
    old = node.relay.older_than(now - _A_DAY)
    dropped = 0
    for begin in range(0, len(old), _AT_ONCE):
        some = old[begin : begin + _AT_ONCE]
        with node.db.read() as conn:
            unnamed = set(some) - files.known(conn, some)
        for sha256 in unnamed:
            node.relay.drop(sha256)
        dropped += len(unnamed)
    return dropped


def _repeating(node: ThisNode, kind: str, do: Callable[[datetime], object]) -> Job:
    def run(row: Due) -> datetime:
        do(node.clock())
        return node.clock() + _EVERY[kind]

    return run
