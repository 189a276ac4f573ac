"""A process that is told to end ends, at whatever moment it is told."""

import signal
from collections.abc import Iterator

import pytest

from services.common.signals import told_to_end


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of the test run are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_wait(number: signal.Signals) -> None:
    told = told_to_end()

    signal.raise_signal(number)

    assert told.wait(10)


@pytest.mark.timeout(20)
def test_a_signal_on_the_way_into_the_wait_is_not_a_deadlock() -> None:
    told = told_to_end()

    # What `wait` holds for a moment before it sleeps.
    with getattr(told, "_cond"):  # noqa: B009
        signal.raise_signal(signal.SIGTERM)

    assert told.wait(10)
