"""Every page of the gateway in every state that looks different: the list that accessibility and layout tests walk."""

from collections.abc import Mapping, Sequence

from tests.browser.states import figures, links, meetings, members, shelf
from tests.browser.states.state import Prepare, State

_HALF = len(meetings.STATES) // 2
# Of about one size, so that they can be walked side by side.
AREAS: Mapping[str, Sequence[State]] = {
    "shelf": shelf.STATES,
    "meetings": meetings.STATES[:_HALF],
    "minutes": meetings.STATES[_HALF:],
    "members and figures": (*members.STATES, *figures.STATES),
    "links": links.STATES,
}
STATES: Sequence[State] = [state for states in AREAS.values() for state in states]

__all__ = ["AREAS", "STATES", "Prepare", "State"]
