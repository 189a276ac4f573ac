"""Text as it is kept: what cannot be seen or turns the reading direction is taken out; links that may be kept; numbers
of things in words; short names of nodes.
"""

import re
import unicodedata
from collections.abc import Collection
from urllib.parse import urlsplit

from services.common.errors import Invalid

LONGEST_LINK = 2000
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")
# Marks that hide or reverse what follows; joiners stay, for emoji and for scripts that need them.
_UNSEEN = "\u00ad\u115f\u1160\u180e\u3164\uffa0"
_DIRECTION = "\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_HIDDEN = re.compile(f"[{_UNSEEN}{_DIRECTION}\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def clean_line(text: str) -> str:
    """One line of text: hidden characters out, white space in single blanks."""
    return " ".join(_visible(text).split())


def clean_text(text: str) -> str:
    """Text of several lines, without hidden characters and without blanks at its ends."""
    return _visible(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def is_link(address: str, schemes: Collection[str]) -> bool:
    """Is it an address of a page elsewhere, by one of these schemes, without a password in it?"""
    if not address.isprintable() or " " in address or len(address) > LONGEST_LINK or _HIDDEN.search(address):
        return False
    try:
        parts = urlsplit(address)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:
        return False


def is_formula(cell: str) -> bool:
    """Would a spreadsheet take it for something to work out, rather than for words?"""
    return cell.startswith(_FORMULA)


def plural(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def _visible(text: str) -> str:
    return _HIDDEN.sub("", unicodedata.normalize("NFC", text))


def is_slug(value: str) -> bool:
    """May it be a node's short label, as it stands in certificates, cookies and the region's registry?"""
    return _SLUG.fullmatch(value) is not None


def checked_slug(value: str) -> str:
    """The short label itself; raises `Invalid` where it cannot be one."""
    if not is_slug(value):
        raise Invalid(
            f"The short name {value!r} cannot be used: it begins with a small letter, and has 2 to 40 small letters, "
            "digits and dashes, such as notts. Nothing was changed.",
            {"slug": "not usable"},
        )
    return value
