"""Days and times as people say them here, such as "Thursday 10 September 2026, 2 pm to 4 pm"."""

from datetime import date, time


def day(iso: str) -> str:
    """Of a day such as 2026-09-10; what is no day stays as it is."""
    try:
        found = date.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{found:%A} {found.day} {found:%B %Y}"


def clock(at: str) -> str:
    """Of a time such as 14:00; what is no time stays as it is."""
    try:
        found = time.fromisoformat(at)
    except ValueError:
        return at
    if not found.minute and found.hour in (0, 12):
        return "midday" if found.hour else "midnight"
    minutes = f":{found.minute:02}" if found.minute else ""
    return f"{(found.hour - 1) % 12 + 1}{minutes} {'am' if found.hour < 12 else 'pm'}"


def when(iso: str, starts: str, ends: str) -> str:
    return f"{day(iso)}, {clock(starts)} to {clock(ends)}"
