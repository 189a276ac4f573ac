"""Data classes: each column says what kind of data it holds, so that export, erasure and logs can be checked."""

from typing import Final

DataClass = dict[str, str]

IDS: Final[DataClass] = {"data": "ids"}
"""Ids of items, nodes, communities, organisations."""
STATE: Final[DataClass] = {"data": "state"}
"""States, kinds, versions, flags and vocabulary codes."""
TIMES: Final[DataClass] = {"data": "times"}
COUNTS: Final[DataClass] = {"data": "counts"}
CONTENT: Final[DataClass] = {"data": "content"}
"""Words that people publish."""
PERSON: Final[DataClass] = {"data": "person"}
"""The id of a member: finds all rows about a person."""
PERSONAL: Final[DataClass] = {"data": "personal"}
"""Names, addresses and what else says who somebody is."""
NEEDS: Final[DataClass] = {"data": "needs"}
"""What helps somebody take part: seen by convenors and the member, forgotten soon after."""
SECRET: Final[DataClass] = {"data": "secret"}
"""Hashes of codes and tokens; never shown, never exported."""
SIGNED: Final[DataClass] = {"data": "signed"}
"""Exact bytes that carry a signature, or a hash of them."""

ALL: Final = frozenset(
    each["data"] for each in (IDS, STATE, TIMES, COUNTS, CONTENT, PERSON, PERSONAL, NEEDS, SECRET, SIGNED)
)
