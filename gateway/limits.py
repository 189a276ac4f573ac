"""Limits that pages set: how often an address may try something."""

from dataclasses import dataclass
from typing import Final

from flask import current_app, request

from gateway.sessions import Counters, Limit
from services.common.clock import Clock

_KEY: Final = "fosse_limits"


@dataclass(frozen=True)
class Limits:
    counters: Counters
    clock: Clock

    def take(self, limit: Limit) -> None:
        """Counts one attempt of whoever sent the request; raises `TooMany` when the window is used up."""
        self.counters.take(limit, request.remote_addr or "", self.clock())

    def give_back(self, limit: Limit) -> None:
        """An honest attempt does not count."""
        self.counters.give_back(limit, request.remote_addr or "", self.clock())


def install(extensions: dict[str, object], made: Limits) -> None:
    extensions[_KEY] = made


def limits() -> Limits:
    """Those of the running application."""
    found: Limits = current_app.extensions[_KEY]
    return found
