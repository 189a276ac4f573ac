"""What members and organisations are sorted by, as people write it."""

from collections.abc import Mapping
from typing import Final

MOST_TOPICS: Final = 12


def code_of(written: str, terms: Mapping[str, str]) -> str:
    """The code that somebody meant, by code or by name; empty where it is neither."""
    plain = " ".join(written.casefold().split())
    return next((code for code, name in terms.items() if plain in {code, code.replace("_", " "), name.casefold()}), "")
