"""What every page needs is asked now and then, and holds up no page."""

import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from gateway.lookups import Kept
from services.common.errors import NotAllowed
from services.common.rpc_errors import Away


class Asked:
    """Another service: it answers at once at first, then only when it is told to."""

    def __init__(self) -> None:
        self.times = 0
        self.hangs, self.goes_on = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.times += 1
        if self.times > 1:
            self.hangs.set()
            assert self.goes_on.wait(20)
        return f"answer {self.times}"


def test_nobody_waits_for_what_somebody_else_asks_anew() -> None:
    asked = Asked()
    kept = Kept(asked, "", keep_s=0.0)
    first = kept()

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(kept)
        assert asked.hangs.wait(20)
        meanwhile = kept()
        asked.goes_on.set()
        renewed = waiting.result(20)

    assert (first, meanwhile, renewed) == ("answer 1", "answer 1", "answer 2")


@pytest.mark.parametrize("fault", [Away("UNAVAILABLE"), NotAllowed("No."), grpc.RpcError()])
def test_a_service_that_cannot_answer_fails_no_page_and_is_left_alone_for_a_moment(fault: Exception) -> None:
    times = []

    def ask() -> str:
        times.append(1)
        raise fault

    kept = Kept(ask, "as nothing is known")

    assert [kept() for _ in range(3)] == ["as nothing is known"] * 3
    assert len(times) == 1
