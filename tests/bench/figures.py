"""What a benchmark prints: one line for each figure, the median of several runs beside its goal."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`goal` is a limit in `unit`; `most`: the value should not exceed it, else it should reach it."""

    area: str
    name: str
    values: Sequence[float]
    unit: str
    goal: float
    most: bool
    note: str = ""

    @property
    def value(self) -> float:
        return statistics.median(self.values)

    @property
    def reached(self) -> bool:
        return self.value <= self.goal if self.most else self.value >= self.goal

    def line(self) -> str:
        sign, verdict = ("<=" if self.most else ">="), ("PASS" if self.reached else "FAIL")
        spread = f" ({min(self.values):.4g} to {max(self.values):.4g} in {len(self.values)} runs)"
        more = (spread if len(self.values) > 1 else "") + (f" {self.note}" if self.note else "")
        return (
            f"BENCH {self.area}.{self.name} {self.value:.4g} {self.unit} goal={sign}{self.goal:g} {verdict}"
            f"{more} cores={os.cpu_count()}"
        )


def p95(seconds: Sequence[float]) -> float:
    """The time that 95 of 100 did not exceed."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
