"""Ids: 128 random bits as 32 hexadecimal digits, made when a form is rendered."""

import re
import secrets

from services.common.errors import Invalid

_ID = re.compile(r"[0-9a-f]{32}")


def new_id() -> str:
    return secrets.token_hex(16)


def checked(value: str, what: str = "id") -> str:
    """The id itself; raises `Invalid` unless it is 32 lower-case hexadecimal digits."""
    if not _ID.fullmatch(value):
        raise Invalid("This form has lost its number. Open the page again and send it once more.", {what: "not an id"})
    return value
