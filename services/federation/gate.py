"""Whether this node may sign just now: since each start, only after its heads were compared with the hub's.

A node restored from an old backup would otherwise sign a second history under numbers that the hub holds already.
Opening a new epoch after some minutes without the hub belongs here, once others can read it.
"""

import threading
from collections.abc import Callable


class SigningGate:
    def __init__(self) -> None:
        self._opened = threading.Event()
        self._alarm = ""
        self._when_opened: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        return self._opened.is_set()

    @property
    def alarm(self) -> str:
        """Why it must stay shut until a person has acted; empty when it only waits for the hub."""
        return self._alarm

    def when_opened(self, callback: Callable[[], None]) -> None:
        self._when_opened.append(callback)

    def open(self) -> None:
        self._alarm = ""
        self._opened.set()
        for callback in self._when_opened:
            callback()

    def shut(self, alarm: str) -> None:
        self._opened.clear()
        self._alarm = alarm
