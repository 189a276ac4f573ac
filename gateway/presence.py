"""Is the provider there? Seen before it is sent anything that works once only.

A provider that hangs does later what it was sent, and then a refresh token has been used by somebody who never heard
the answer. So it is asked something that costs nothing first. While it is away one request looks, now and then, and all
others go on at once.
"""

import time
from collections.abc import Callable

from services.common.rpc_errors import Away

_LEFT_ALONE_S = 5.0


class Presence:
    """`look` raises `Away` where nobody answers."""

    def __init__(self, look: Callable[[], object], words: str) -> None:
        self._look = look
        self._words = words
        self._left_alone_until = 0.0

    def check(self) -> None:
        """Raises `Away` while it does not answer."""
        now = time.monotonic()
        if now < self._left_alone_until:
            raise Away(self._words)
        if self._left_alone_until:
            self._left_alone_until = now + _LEFT_ALONE_S
        try:
            self._look()
        except Away:
            self._left_alone_until = time.monotonic() + _LEFT_ALONE_S
            raise
        self._left_alone_until = 0.0
