"""Side panels: what fails there turns grey, and the page stands."""

from collections.abc import Callable
from typing import TypeVar

from services.common.errors import NotAllowed, NotFound
from services.common.rpc_errors import Away

T = TypeVar("T")


def unless_away(ask: Callable[[], T]) -> T | None:
    """None when the service does not answer, or has nothing to say to this person."""
    try:
        return ask()
    except (Away, NotFound, NotAllowed):
        return None
