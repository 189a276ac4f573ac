"""Lists in pages: at most 100 rows, and an opaque token that says where the next page begins."""

import base64
import binascii
import json
from typing import Any, TypeVar

from services.common.errors import Invalid

T = TypeVar("T")
LARGEST = 100
USUAL = 20
_MOST = 2**63


def page_size(asked: int) -> int:
    """20 when nothing was asked; raises `Invalid` below 0 or above 100."""
    if not 0 <= asked <= LARGEST:
        raise Invalid(f"A page has at most {LARGEST} rows.", {"page_size": f"0 to {LARGEST}"})
    return asked or USUAL


def encode_token(*values: str | int | float) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_token(token: str, *kinds: type) -> tuple[Any, ...] | None:
    """The values that were encoded, None for an empty token; raises `Invalid` for one we did not make."""
    if not token:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise unknown() from error
    if not isinstance(values, list) or len(values) != len(kinds):
        raise unknown()
    if not all(type(value) is kind and _fits(value) for value, kind in zip(values, kinds, strict=True)):
        raise unknown()
    return tuple(values)


def known(place: T | None) -> T:
    """Where a page begins; raises `Invalid` alike for what the asker may not see and for what is not there."""
    if place is None:
        raise unknown()
    return place


def unknown() -> Invalid:
    return Invalid("This page of the list cannot be found. Start again from the first page.", {"page_token": "unknown"})


def _fits(value: Any) -> bool:
    """Can it be asked of a database? JSON also holds longer numbers, and halves of letters."""
    if isinstance(value, int):
        return -_MOST <= value < _MOST
    return not isinstance(value, str) or not any("\ud800" <= sign <= "\udfff" for sign in value)
