"""Disclosure control (DESIGN.md §10): what may be shown of a number that counts people.

Each number as `services.common.disclosure` says. In a row with a published total one hidden cell alone could be worked
out from the others, so the next smallest is hidden with it. Counts of organisations, meetings and resources are shown
as they are. Exact numbers never leave this service but to the hub, which publishes by the same rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.common.disclosure import MOST_HIDDEN, rough_count

ENOUGH_FOR_WORDS = MOST_HIDDEN + 1
TOO_FEW = "Between 1 and 7 people: not shown, so that nobody can be recognised."
ROUNDED = "Rounded to the nearest 5, so that nobody can be recognised."
WITH_ANOTHER = "Not shown, because a smaller number beside it could be worked out from this one."
FACTS_OF_PEOPLE = "Not told of facts about people: two such numbers, subtracted, could show what a star hides."


@dataclass(frozen=True)
class Figure:
    """A number as it may be published; `number` is 0 when hidden."""

    number: int
    hidden: bool = False
    # Why it is hidden or rounded, as a sentence; empty: it stands as counted.
    reason: str = ""


NOT_TOLD = Figure(0, True, FACTS_OF_PEOPLE)


def disclosed(number: int, people: bool) -> Figure:
    if not people or number == 0:
        return Figure(number)
    shown, few = rough_count(number)
    return Figure(shown, few, TOO_FEW if few else ROUNDED)


def disclosed_row(numbers: Sequence[int], people: bool) -> list[Figure]:
    """Cells beside a published total."""
    cells = [disclosed(number, people) for number in numbers]
    hidden = [place for place, cell in enumerate(cells) if cell.hidden]
    others = [place for place, number in enumerate(numbers) if number > 0 and place not in hidden]
    if len(hidden) == 1 and others:
        next_smallest = min(others, key=lambda place: numbers[place])
        cells[next_smallest] = Figure(0, True, WITH_ANOTHER)
    return cells
