"""Links, addresses and sentences that convenors type."""

import re

from services.common.text import is_link

LONGEST_ADDRESS = 254
_MAILBOX = r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_MAILBOX}@(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")


def is_secure_link(link: str) -> bool:
    """An address of a page elsewhere, over https."""
    return is_link(link, {"https"})


def is_address(text: str) -> bool:
    """Could it be the e-mail address of somebody?"""
    return len(text) <= LONGEST_ADDRESS and ".." not in text and _ADDRESS.fullmatch(text) is not None


def as_sentence(text: str) -> str:
    """Somebody's words where another sentence follows."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def short(value: object) -> str:
    """A text as it travels in a refusal."""
    text = str(value)
    return text if len(text) <= 300 else text[:299] + "…"
