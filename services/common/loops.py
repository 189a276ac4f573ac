"""Named background threads that must not die: each kind of background work has one.

Who is woken by every fact of a busy minute would take a round for each. A breath between two rounds lets facts gather:
the first is taken at once, those that follow share the next round.
"""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)
_AFTER_A_FAULT_S = 1.0
_LONGEST_S = 30.0


class Loop:
    """Calls `step` again and again; `step` returns the seconds to wait before the next, unless woken.

    Zero says that there is more to do: the next step follows at once, without a breath.
    """

    def __init__(self, name: str, step: Callable[[], float], *, breath_s: float = 0.05) -> None:
        self.name = name
        self._breath_s = breath_s
        self._step = step
        self._woken = threading.Event()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._woken.set()

    def rest(self, seconds: float) -> float:
        """For a step that found something away: whoever wakes it, it is not tried again before. Returns 0."""
        self._ending.wait(seconds)
        return 0.0

    @property
    def ending(self) -> bool:
        """True once `stop` was called: a long step should come to its end."""
        return self._ending.is_set()

    def stop(self, within_s: float = 10.0) -> None:
        """Lets the step under way end, then no more."""
        self._ending.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(within_s)

    def _run(self) -> None:
        pause = _AFTER_A_FAULT_S
        while not self._ending.is_set():
            self._woken.clear()
            try:
                wait = self._step()
                pause = _AFTER_A_FAULT_S
            except Exception:
                # The one place where a loop's fault ends: it is told with its trace, and the loop goes on.
                log.exception("loop step failed", extra={"loop": self.name})
                wait, pause = self.rest(pause), min(pause * 2, _LONGEST_S)
            if wait:
                self._ending.wait(self._breath_s)
                self._woken.wait(max(wait - self._breath_s, 0.0))
