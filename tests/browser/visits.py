"""Visits to many states, one after another: each finds its county as if newly started, and a browser that knows nobody.

To start a county and a browser's context takes as long as to look at a page, and there are hundreds of looks.
"""

from contextlib import ExitStack
from typing import Self

from playwright.sync_api import Page

from tests.browser.county import County, a_county
from tests.browser.states import State


class Ground:
    """A county that is made ready for one state after another."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._county: County | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def ready(self, state: State) -> County:
        """The county in this state."""
        county = self._as_new()
        state.prepare(county)
        return county

    def ready_for(self, page: Page, state: State) -> County:
        """The county in this state, and in the page's browser the one who looks at it."""
        county = self.ready(state)
        page.context.clear_cookies()
        if state.signed_in:
            page.context.add_cookies([county.sign_in()])  # type: ignore[list-item]  # playwright's own dictionary type
        return county

    def _as_new(self) -> County:
        # Where a service went away, the gateway's connection would wait before it is tried again.
        if self._county is None or not self._county.node.whole:
            self._stack.close()
            self._county = self._stack.enter_context(a_county())
        self._county.clear()
        return self._county
