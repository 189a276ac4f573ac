"""How long a loop waits after each failure in a row: 1, 2, 4 … 15 s, spread so that counties do not come at once."""

import secrets

_LONGEST_S = 15.0


class Pauses:
    def __init__(self) -> None:
        self._failed = 0

    def longer(self) -> float:
        pause = min(2.0**self._failed, _LONGEST_S)
        self._failed += 1
        return pause * (70 + secrets.randbelow(31)) / 100

    def reset(self) -> None:
        self._failed = 0
