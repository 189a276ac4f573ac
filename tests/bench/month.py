"""The figures of "the month": places at a meeting, and what a month's people, mails and numbers cost."""

from collections.abc import Callable, Iterator

from tests.bench import month_figures, month_mail, month_people, places
from tests.bench.figures import Figure


def measure(wanted: str) -> Iterator[Figure]:
    """All figures, or those of the part that has the one wanted."""
    for names, part in PARTS.items():
        if not wanted or wanted in names:
            yield from part()


PARTS: dict[tuple[str, ...], Callable[[], Iterator[Figure]]] = {
    ("seats",): places.seats,
    ("booking", "booking-drained"): places.booking,
    ("promotion",): places.promotion,
    ("meeting-page",): month_people.meeting_page,
    ("import-checked", "import-applied", "import-memory"): month_people.imports,
    ("indicators-page", "indicators-recount"): month_figures.indicators,
    ("minutes", "mails-sent"): month_mail.minutes,
}
