"""Which column of the file means what: names in any order, large or small, with what else people call them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

NEEDED: Final = ("name", "email")
NAMES: Final[Mapping[str, frozenset[str]]] = {
    "name": frozenset({"name", "full name", "person", "member"}),
    "email": frozenset({"email", "e-mail", "email address", "e-mail address", "mail"}),
    "job_title": frozenset({"job title", "job", "title", "position"}),
    "role_group": frozenset({"role group", "group", "profession"}),
    "organisation": frozenset({"organisation", "organization", "employer", "home", "care home", "organisation name"}),
    "organisation_type": frozenset({"organisation type", "organization type", "type"}),
    "ods_code": frozenset({"ods code", "ods"}),
    "cqc_location_id": frozenset({"cqc location id", "cqc location", "cqc id", "cqc"}),
    "localities": frozenset({"localities", "locality", "area", "areas"}),
    "topics": frozenset({"topics", "topic", "interests"}),
    "listed": frozenset({"listed", "in the directory", "directory"}),
    "role": frozenset({"role", "roles"}),
    "joined": frozenset({"joined", "joined on", "member since", "since"}),
    "valid_from": frozenset({"organisation valid from", "valid from", "organisation opened"}),
    "valid_to": frozenset({"organisation valid to", "valid to", "organisation closed"}),
}
_FIELD = {name: field for field, names in NAMES.items() for name in names}


@dataclass(frozen=True)
class Columns:
    """Where each field stands, what its column is called in the file, and columns that mean nothing here."""

    places: Mapping[str, int]
    called: Mapping[str, str]
    width: int
    unknown: tuple[str, ...]
    # Names in the heading that should be there, or stand there twice; a sentence, empty when all is well.
    fault: str = ""


def columns_of(heading: Iterable[str]) -> Columns:
    places: dict[str, int] = {}
    called: dict[str, str] = {}
    unknown, doubled, width = [], [], 0
    for place, text in enumerate(heading):
        width = place + 1
        field = _FIELD.get(_plain(text))
        if field is None:
            unknown.extend([text.strip()] if text.strip() else [])
        elif field in places:
            doubled.append(f"“{called[field]}” and “{text.strip()}”")
        else:
            places[field], called[field] = place, text.strip()[:80]
    return Columns(places, called, width, tuple(unknown), _fault(places, doubled))


def known_in(heading: Iterable[str]) -> int:
    return sum(_plain(text) in _FIELD for text in heading)


def _fault(places: Mapping[str, int], doubled: list[str]) -> str:
    if doubled:
        return f"Two columns mean the same: {doubled[0]}. Nothing was changed; take one of them out."
    missing = [name for name in NEEDED if name not in places]
    if not missing:
        return ""
    return (
        f"The first line must name the columns, and none is called “{missing[0]}”. Nothing was changed. "
        "A file needs at least the columns “name” and “email”."
    )


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").casefold().split())
