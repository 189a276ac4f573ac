"""Tests wait for a condition, never for a time."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, within_s: float = 30.0) -> None:
    """Returns once the condition holds; fails with `what` when it does not in time."""
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, f"not within {within_s:g} s: {what}"
        time.sleep(0.01)
