"""The day and the times of a meeting as people say them, in Europe/London, and the instants they mean."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

LONDON = ZoneInfo("Europe/London")
EARLIEST_YEAR, LATEST_YEAR = 2000, 2100
_TIME = re.compile(r"\d{2}:\d{2}")
_NO_SUCH_TIME = "the clocks go forward that night, so this time does not exist; choose one an hour later"


@dataclass(frozen=True)
class When:
    starts_at: datetime
    ends_at: datetime


def when(day: str, starts: str, ends: str) -> tuple[When | None, dict[str, str]]:
    """The instants that are meant, or what is wrong with which field."""
    faults: dict[str, str] = {}
    if not _is_day(day):
        faults["day"] = "not a day; write it like 2026-09-10"
    for field, text in (("starts", starts), ("ends", ends)):
        if not _is_time(text):
            faults[field] = "not a time; write it like 14:00"
    if faults:
        return None, faults
    first, last = _local(day, starts), _local(day, ends)
    faults = {field: _NO_SUCH_TIME for field, at in (("starts", first), ("ends", last)) if not _exists(at)}
    if not faults and last.astimezone(UTC) <= first.astimezone(UTC):
        faults["ends"] = "the meeting must end after it starts"
    return (None, faults) if faults else (When(first.astimezone(UTC), last.astimezone(UTC)), {})


def clock_note(day: str, *times: str) -> str:
    """What is meant by times that come twice, on the one day of the year when the clocks go back; else empty."""
    local = {text: _local(day, text) for text in times}
    twice = [text for text, at in local.items() if at.utcoffset() != at.replace(fold=1).utcoffset()]
    if not twice:
        return ""
    return f"The clocks go back that night: {' and '.join(twice)} means the first one, in summer time."


def _local(day: str, at: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), time.fromisoformat(at), LONDON)


def _exists(at: datetime) -> bool:
    return at.astimezone(UTC).astimezone(LONDON).replace(tzinfo=None) == at.replace(tzinfo=None)


def _is_day(text: str) -> bool:
    try:
        # Weeks (2026-W13-3) are days to Python too, and to no field of a page.
        day = date.fromisoformat(text)
    except ValueError:
        return False
    return day.isoformat() == text and EARLIEST_YEAR <= day.year < LATEST_YEAR


def _is_time(text: str) -> bool:
    try:
        return bool(_TIME.fullmatch(text)) and time.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def said(at: datetime) -> str:
    """An instant as people say it here, such as "10 September 2026 at 14:00"."""
    local = at.astimezone(LONDON)
    return f"{local.day} {local:%B %Y} at {local:%H:%M}"
