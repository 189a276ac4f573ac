"""Ids: 128 random bits as 32 hexadecimal digits, made when a form is rendered; and the short names of nodes."""

import re
import secrets

from services.common.errors import Invalid

_ID = re.compile(r"[0-9a-f]{32}")
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")


def new_id() -> str:
    return secrets.token_hex(16)


def checked(value: str, what: str = "id") -> str:
    """The id itself; raises `Invalid` unless it is 32 lower-case hexadecimal digits."""
    if not _ID.fullmatch(value):
        raise Invalid("This form has lost its number. Open the page again and send it once more.", {what: "not an id"})
    return value


def checked_slug(value: str) -> str:
    """A node's short label, as it stands in certificates, cookies and the region's registry; raises `Invalid`."""
    if not _SLUG.fullmatch(value):
        raise Invalid(
            f"The short name {value!r} cannot be used: it begins with a small letter, and has 2 to 40 small letters, "
            "digits and dashes, such as notts. Nothing was changed.",
            {"slug": "not usable"},
        )
    return value
