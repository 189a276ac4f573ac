"""One look of one page."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.county import County

Prepare = Callable[[County], None]


@dataclass(frozen=True)
class State:
    name: str
    path: str
    prepare: Prepare = lambda county: None
    signed_in: bool = True
    # What a person types and sends on the page before it is looked at.
    fill: tuple[tuple[str, str], ...] = ()
    press: str = ""
