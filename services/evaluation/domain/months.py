"""Months as figures know them: `2026-08`, by the calendar of Europe/London."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.common.errors import Invalid

LONDON = ZoneInfo("Europe/London")
USUAL, MOST = 12, 36
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


def month_of(instant: datetime) -> str:
    """The month in which people at home would say that it happened."""
    return f"{instant.astimezone(LONDON):%Y-%m}"


def is_month(text: str) -> bool:
    return _MONTH.fullmatch(text) is not None


def named(month: str) -> str:
    """`August 2026`."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def window(until: str, count: int, now: datetime) -> tuple[str, ...]:
    """So many months up to this one, the oldest first; empty and 0 mean this month and a year."""
    if not 0 <= count <= MOST:
        raise Invalid(f"Figures can be shown for at most {MOST} months at once.", {"months": f"0 to {MOST}"})
    if until and not is_month(until):
        raise Invalid("A month is written like 2026-08.", {"until": "such as 2026-08"})
    last = _number(until or month_of(now))
    return tuple(_month(number) for number in range(last - (count or USUAL) + 1, last + 1))


def _number(month: str) -> int:
    year, number = month.split("-")
    return int(year) * 12 + int(number) - 1


def _month(number: int) -> str:
    return f"{number // 12}-{number % 12 + 1:02}"
