"""What a community may read of its own figures: disclosed here, before anything leaves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from services.common.access import Person
from services.common.database import Database
from services.evaluation.domain.disclosure import NOT_TOLD, Figure, disclosed
from services.evaluation.domain.indicators import INDICATORS, Indicator, indicator
from services.evaluation.domain.months import window
from services.evaluation.domain.rights import require_in
from services.evaluation.domain.sentences import series_sentence
from services.evaluation.domain.standing import carried
from services.evaluation.store import counting, figures


@dataclass(frozen=True)
class Asked:
    """Which months: so many, up to this one; empty and 0 mean a year up to now."""

    until: str
    months: int


@dataclass(frozen=True)
class Series:
    indicator: Indicator
    figures: tuple[Figure, ...]
    sentence: str


def list_indicators(
    db: Database, community_id: str, asked: Asked, *, person: Person, now: datetime
) -> tuple[tuple[str, ...], list[Series]]:
    require_in(person, community_id)
    months = window(asked.until, asked.months, now)
    with db.read() as conn:
        known = figures.of_community(conn, community_id, months[-1])
    return months, [_series(each, months, known.get(each.code, {})) for each in INDICATORS]


def get_indicator(
    db: Database, community_id: str, asked: Asked, *, code: str, person: Person, now: datetime
) -> tuple[tuple[str, ...], Series, Figure]:
    """Its months, the series, and how many facts stand behind it, where that may be told."""
    require_in(person, community_id)
    wanted, months = indicator(code), window(asked.until, asked.months, now)
    with db.read() as conn:
        known = figures.of_community(conn, community_id, months[-1])
        behind = Figure(counting.facts_behind(conn, code, community_id, months)) if wanted.facts_told else NOT_TOLD
    return months, _series(wanted, months, known.get(code, {})), behind


def exact(each: Indicator, months: Sequence[str], known: Mapping[str, int]) -> list[int]:
    """Every month's number; nothing of this may be shown undisclosed."""
    return carried(known, months) if each.at_month_end else [known.get(month, 0) for month in months]


def _series(each: Indicator, months: Sequence[str], known: Mapping[str, int]) -> Series:
    shown = tuple(disclosed(number, each.people) for number in exact(each, months, known))
    return Series(each, shown, series_sentence(each, months, shown))
