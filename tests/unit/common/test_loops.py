"""Background loops: one round for many wakes, no rest while there is more to do, and no death by a fault."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from services.common.loops import Loop

FOR_EVER_S = 60.0


class Rounds:
    """A loop whose steps are counted; each answers what the test says."""

    def __init__(self) -> None:
        self.began: list[float] = []
        self.answer: Callable[[int], float] = lambda number: FOR_EVER_S
        self._changed = threading.Condition()
        self.loop = Loop("counted", self._step)

    def _step(self) -> float:
        with self._changed:
            self.began.append(time.monotonic())
            self._changed.notify_all()
        return self.answer(len(self.began))

    def wait_for(self, number: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.began) >= number, 10)


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    counted = Rounds()
    yield counted
    counted.loop.stop()


def test_a_thousand_wakes_share_few_rounds_and_the_last_is_heard(rounds: Rounds) -> None:
    rounds.loop.start()
    rounds.wait_for(1)
    before = time.monotonic()
    for _ in range(1000):
        rounds.loop.wake()
    rounds.wait_for(2)
    took = time.monotonic() - before

    # However slow the machine is, a round for each wake would be a thousand.
    assert len(rounds.began) <= 2 + took / 0.05
    rounds.loop.wake()
    rounds.wait_for(len(rounds.began) + 1)


def test_while_there_is_more_to_do_no_time_is_lost(rounds: Rounds) -> None:
    rounds.answer = lambda number: 0.0 if number < 200 else FOR_EVER_S
    rounds.loop.start()
    rounds.wait_for(200)

    assert rounds.began[-1] - rounds.began[0] < 200 * 0.05


def test_a_fault_is_told_and_the_loop_goes_on(rounds: Rounds, caplog: pytest.LogCaptureFixture) -> None:
    def answer(number: int) -> float:
        if number == 1:
            raise ValueError("once")
        return FOR_EVER_S

    rounds.answer = answer
    rounds.loop.start()
    rounds.wait_for(2)

    assert "loop step failed" in caplog.text


def test_what_was_found_away_is_not_tried_again_at_each_wake(rounds: Rounds) -> None:
    rounds.answer = lambda number: rounds.loop.rest(0.5) if number < 3 else FOR_EVER_S
    ended = threading.Event()

    def wake() -> None:
        while not ended.wait(0.001):
            rounds.loop.wake()

    waker = threading.Thread(target=wake)
    waker.start()
    rounds.loop.start()
    rounds.wait_for(3)
    ended.set()
    waker.join()

    assert rounds.began[2] - rounds.began[0] >= 1.0


def test_a_loop_that_rests_ends_at_once(rounds: Rounds) -> None:
    rounds.loop.start()
    rounds.wait_for(1)
    before = time.monotonic()
    rounds.loop.stop()

    assert time.monotonic() - before < 5
