"""The figures of a county by docker compose: how soon it is up, and what it holds in memory."""

import re
from collections.abc import Iterator

from tests import images
from tests.bench import stack_bus, stack_pages
from tests.bench.figures import Figure
from tests.composed import OURS, Compose, a_county

AREA = "stack"
_MB = 1_000_000


def measure(wanted: str) -> Iterator[Figure]:
    if wanted in ("", *stack_bus.NAMES):
        yield from stack_bus.measure(wanted)
    if wanted not in stack_bus.NAMES:
        yield from _of_a_county(wanted)


def _of_a_county(wanted: str) -> Iterator[Figure]:
    """All that come from one county, whatever is wanted of them."""
    with a_county("notts", "Nottinghamshire", FOSSE_SEARCHES_A_MINUTE="1000000") as county:
        held = _held(county)
        own = sum(_proportional(county, name) for name in OURS) / _MB
        ratios = list(stack_pages.measure(county)) if wanted in ("", *stack_pages.NAMES) else []
    figures = [
        Figure(AREA, "up", [county.took_s], "s", 90, most=True, note="images present, volumes empty"),
        Figure(AREA, "rss-county", [sum(held)], "MB", 2000, most=True, note=f"{len(held)} containers, idle"),
        Figure(AREA, "rss-own", [own], "MB", 900, most=True, note=f"PSS of {len(OURS)} processes and their workers"),
    ]
    yield from (each for each in (*figures, *ratios) if wanted in ("", each.name))


def _held(county: Compose) -> list[float]:
    """Megabytes of each running container as `docker stats` tells them: without pages of files."""
    told = images.docker("stats", "--no-stream", "--format", "{{.MemUsage}}", *county("ps", "-q").stdout.split())
    found = (re.match(r"([0-9.]+)([KMG])iB", line) for line in told.stdout.splitlines())
    return [float(each[1]) * 1024.0 ** "KMG".index(each[2]) * 1024 / _MB for each in found if each]


def _proportional(county: Compose, name: str) -> int:
    """Bytes, with what several processes share counted once (PSS)."""
    asking = "cat /proc/[0-9]*/smaps_rollup 2>/dev/null | awk '/^Pss:/ {kb += $2} END {print kb}'"
    return int(county.inside(name, "sh", "-c", asking).stdout) * 1024
