"""Waits that end: a condition within so many seconds, else what was seen last."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TookTooLong(Exception):
    """What was waited for did not happen; the sentence says what, and what was seen instead."""


def until(
    look: Callable[[], T | None], within_s: float, what: str, seen: Callable[[], str] = str, *, every_s: float = 0.05
) -> T:
    """The first thing that `look` finds; raises `TookTooLong`."""
    end = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise TookTooLong(f"{what} did not happen within {within_s:g} s. {seen()}".strip())
        time.sleep(every_s)
