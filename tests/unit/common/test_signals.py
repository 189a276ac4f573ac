"""A process that is told to end ends, at whatever moment it is told."""

import signal
import threading
from collections.abc import Iterator

import pytest

from services.common.signals import told_to_end


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Those of the test run are put back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    signal.set_wakeup_fd(-1)
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


@pytest.mark.timeout(20)
def test_a_signal_that_does_not_wake_the_main_thread_ends_its_wait() -> None:
    """As one does that arrives when `wait` has left Python and does not sleep yet: here another thread gets it."""
    told = told_to_end()
    elsewhere = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGTERM))

    threading.Timer(0.2, elsewhere.start).start()

    assert told.wait(10)
