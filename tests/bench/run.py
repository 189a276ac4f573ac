"""`make bench`: measures speed and size, prints a line for each figure and keeps them in docs/benchmarks.md."""

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure

AREAS = ("leaflet", "month", "stack")
PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

What `make bench` measured at last; `make bench ONLY=leaflet` measures one area, `ONLY=leaflet.share-lag` one figure.
Client, node, database and broker share the cores named. A benchmark never fails a build: it is read.

| figure | measured | goal | | notes |
|---|---|---|---|---|
"""
_ROW = re.compile(r"^\| (?P<name>[a-z0-9-]+\.[a-z0-9-]+) \|")


def main(only: str) -> int:
    area, _, wanted = only.partition(".")
    if area and area not in AREAS:
        print(f"There is no area {area}; there are {', '.join(AREAS)}.")
        return 2
    for each in (area,) if area else AREAS:
        for figure in _measure(each, wanted):
            print(figure.line(), flush=True)
            PAGE.write_text(_page(PAGE.read_text() if PAGE.exists() else "", figure))
    return 0


def _measure(area: str, wanted: str) -> Iterator[Figure]:
    found: Iterator[Figure] = importlib.import_module(f"tests.bench.{area}").measure(wanted)
    return found


def _page(old: str, figure: Figure) -> str:
    rows = {match["name"]: line for line in old.splitlines() if (match := _ROW.match(line))}
    name = f"{figure.area}.{figure.name}"
    _, _, value, unit, goal, verdict, *notes = figure.line().split(" ")
    rows[name] = f"| {name} | {value} {unit} | {goal.removeprefix('goal=')} {unit} | {verdict} | {' '.join(notes)} |"
    return HEAD + "\n".join(rows[name] for name in sorted(rows)) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
