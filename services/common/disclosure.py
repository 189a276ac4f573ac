"""Counts of people as anybody may see them (DESIGN.md §10): 0 is shown, 1 to 7 not, others go to the nearest 5."""

MOST_HIDDEN = 7
NEAREST = 5


def rough_count(people: int) -> tuple[int, bool]:
    """The number to show, and whether it is hidden; then the number is 0."""
    if 1 <= people <= MOST_HIDDEN:
        return 0, True
    return (people + NEAREST // 2) // NEAREST * NEAREST, False
