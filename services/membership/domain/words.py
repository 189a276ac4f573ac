"""Checks on the words people type; all that is wrong is told at once, field by field."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.common.errors import Invalid

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_EMAIL = re.compile(r"[^@\s<>\"(),:;\\\[\]]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")
_LONDON = ZoneInfo("Europe/London")
_EARLIEST = date(1900, 1, 1)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,63}")


def too_short_or_long(text: str, longest: int, *, shortest: int = 0) -> str:
    """What is wrong with a line of text; empty: nothing."""
    if len(text.strip()) < shortest:
        return "Fill this in." if shortest == 1 else f"Write at least {shortest} characters."
    if len(text) > longest:
        return f"Write at most {longest} characters."
    if _CONTROL.search(text):
        return "Take out characters that cannot be seen."
    return ""


def not_an_email(text: str) -> str:
    if text and (len(text) > 254 or not _EMAIL.fullmatch(text)):
        return "Write an e-mail address like name@example.org."
    return ""


def not_a_code(text: str) -> str:
    return "" if _CODE.fullmatch(text) else "Use letters, digits and hyphens, at most 64 characters."


def not_come_yet(day: date | None, now: datetime) -> str:
    """Days are those of people here: the one that begins before it does in UTC has come."""
    if day is None or _EARLIEST <= day <= now.astimezone(_LONDON).date():
        return ""
    return "Write a day that has come already, not before 1900."


def refuse_faults(faults: Mapping[str, str]) -> None:
    """Raises `Invalid` unless every fault is empty."""
    found = {field: fault for field, fault in faults.items() if fault}
    if found:
        raise Invalid("Some of this cannot be used. Nothing was saved; see the notes beside the fields.", found)
