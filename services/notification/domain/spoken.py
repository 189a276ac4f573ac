"""Days and times as the pages write them too, such as "Thursday 10 September 2026, 14:00 to 16:00"."""

from datetime import date


def day(iso: str) -> str:
    """Of a day such as 2026-09-10; what is no day stays as it is."""
    try:
        found = date.fromisoformat(iso)
    except ValueError:
        return iso
    return f"{found:%A} {found.day} {found:%B %Y}"


def when(iso: str, starts: str, ends: str) -> str:
    """`starts` and `ends`: times such as 14:00, which stay as they are."""
    return f"{day(iso)}, {starts} to {ends}"
