"""One row of the file -> what it asks for, or what is wrong with which cell."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from services.common.access import Role
from services.common.text import is_formula
from services.common.vocabulary import ORGANISATION_TYPES, ROLE_GROUPS
from services.membership.domain.importing.columns import Columns
from services.membership.domain.importing.identity import folded
from services.membership.domain.importing.reading import Row
from services.membership.domain.vocabulary import MOST_TOPICS, code_of
from services.membership.domain.words import not_a_code, not_an_email, not_come_yet, too_short_or_long

# Names of localities may make it longer than the table has room for.
LONGEST_REASON: Final = 400
_NOTHING: Final = frozenset({"-", "\u2013"})
_YES_OR_NO: Final = {
    "yes": True,
    "y": True,
    "true": True,
    "1": True,
    "no": False,
    "n": False,
    "false": False,
    "0": False,
}
_ROLES: Final = {
    "member": Role.ROLE_MEMBER,
    "convenor": Role.ROLE_CONVENOR,
    "reviewer": Role.ROLE_REVIEWER,
    "evaluator": Role.ROLE_EVALUATOR,
}


@dataclass(frozen=True)
class Finding:
    """Something to tell about a line of the file; bad ones keep the row out."""

    line: int
    column: str
    reason: str
    bad: bool = True


@dataclass(frozen=True)
class OrganisationWish:
    name: str
    type: str = ""
    ods_code: str = ""
    cqc_location_id: str = ""
    locality_ids: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None


@dataclass(frozen=True)
class Wish:
    """What a row asks for; what is empty asks for nothing."""

    line: int
    name: str
    email: str
    job_title: str = ""
    role_group: str = ""
    organisation: OrganisationWish | None = None
    locality_ids: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    listed: bool | None = None
    roles: frozenset[int] = frozenset()
    joined_on: date | None = None

    @property
    def key(self) -> tuple[str, str]:
        return self.email.casefold(), folded(self.name)


@dataclass(frozen=True)
class Areas:
    """The localities of this node, by id and by name."""

    by_word: Mapping[str, str]
    names: tuple[str, ...]

    @classmethod
    def of(cls, known: Iterable[tuple[str, str]]) -> "Areas":
        pairs = list(known)
        words = {name.casefold(): each for each, name in pairs} | {each.casefold(): each for each, _ in pairs}
        return cls(words, tuple(name for _, name in pairs))

    def fault(self, word: str) -> str:
        near = difflib.get_close_matches(word.title(), self.names, 3, 0.4) or self.names[:3]
        known = ", ".join(f"“{name}”" for name in near)
        return f"“{word[:60]}” is not a locality of this node. " + (
            f"Nearest: {known}." if known else "None is known yet."
        )


@dataclass
class _Reading:
    """The cells of one row, and what was found wrong with them."""

    row: Row
    columns: Columns
    faults: list[Finding] = field(default_factory=list)

    def text(self, name: str) -> str:
        place = self.columns.places.get(name)
        raw = self.row.cells[place] if place is not None and place < len(self.row.cells) else ""
        cell = raw.strip(" \u00a0")
        if cell in _NOTHING:
            return ""
        if is_formula(cell):
            self.wrong(name, f"This begins with “{cell[0].strip() or 'tab'}”, like a formula. Write the value itself.")
            return ""
        # Lines may be broken inside a cell.
        return " ".join(cell.split())

    def wrong(self, name: str, reason: str) -> None:
        self.faults.append(Finding(self.row.line, self.columns.called.get(name, name), reason[:LONGEST_REASON]))

    def checked(self, name: str, fault: Callable[[str], str]) -> str:
        text = self.text(name)
        if text and (reason := fault(text)):
            self.wrong(name, reason)
        return text

    def needed(self, name: str, fault: Callable[[str], str], missing: str) -> str:
        before = len(self.faults)
        text = self.checked(name, fault)
        if not text and len(self.faults) == before:
            self.wrong(name, missing)
        return text

    def chosen(self, name: str, terms: Mapping[str, str]) -> str:
        text = self.text(name)
        code = code_of(text, terms) if text else ""
        if text and not code:
            self.wrong(name, f"“{text[:60]}” is not known. Use one of: {', '.join(terms.values())}.")
        return code

    def several(self, name: str) -> list[str]:
        return [word for each in self.text(name).replace("|", ";").split(";") if (word := each.strip())]

    def day(self, name: str) -> date | None:
        text = self.text(name)
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(text, form).date() if text else None
            except ValueError:
                continue
        self.wrong(name, "Write the day as 2026-08-31 or 31/08/2026.")
        return None


def read_row(row: Row, columns: Columns, areas: Areas, *, now: datetime) -> tuple[Wish | None, list[Finding]]:
    """The wish, unless something is found that keeps the row out."""
    reading = _Reading(row, columns)
    if any(cell.strip() for cell in row.cells[columns.width :]):
        reason = (
            f"This row has {len(row.cells)} cells and the heading {columns.width}. Perhaps a cell with a separator in "
            "it needs quotation marks around it."
        )
        return None, [Finding(row.line, "", reason)]
    localities = _localities(reading, areas)
    wish = Wish(
        line=row.line,
        name=reading.needed("name", lambda text: too_short_or_long(text, 120, shortest=2), "Everybody needs a name."),
        email=reading.needed("email", not_an_email, "Everybody needs an address; people of one home may share it."),
        job_title=reading.checked("job_title", lambda text: too_short_or_long(text, 120)),
        role_group=reading.chosen("role_group", ROLE_GROUPS),
        organisation=_organisation(reading, localities),
        locality_ids=localities,
        topics=_topics(reading),
        listed=_listed(reading),
        roles=_roles(reading),
        joined_on=_joined(reading, now),
    )
    return (None if reading.faults else wish), reading.faults


def twice_told(wish: Wish, told: dict[tuple[str, str], int], mailboxes: dict[str, int]) -> Finding | None:
    """A second row about the same person is bad; one address for two people deserves a look."""
    address, _ = wish.key
    first = told.setdefault(wish.key, wish.line)
    if first != wish.line:
        return Finding(
            wish.line, "", f"The same person stands on line {first} already: same name, same e-mail address."
        )
    shared = mailboxes.setdefault(address, wish.line)
    if shared == wish.line:
        return None
    reason = (
        f"Line {shared} has the same e-mail address with another name. Two people may share a mailbox; both get mail."
    )
    return Finding(wish.line, "", reason, bad=False)


def _localities(reading: _Reading, areas: Areas) -> tuple[str, ...]:
    """One cell may hold 60,000 words: only the first that is not known is told."""
    words = dict.fromkeys(reading.several("localities"))
    if unknown := next((word for word in words if word.casefold() not in areas.by_word), ""):
        reading.wrong("localities", areas.fault(unknown))
    return tuple(sorted({areas.by_word[word.casefold()] for word in words if word.casefold() in areas.by_word}))


def _topics(reading: _Reading) -> tuple[str, ...]:
    codes = {"_".join(word.casefold().split()) for word in reading.several("topics")}
    if any(not_a_code(code) for code in codes):
        reading.wrong("topics", "Use the codes of topics, such as “falls; hydration”.")
    if len(codes) > MOST_TOPICS:
        reading.wrong("topics", f"At most {MOST_TOPICS} topics for one person.")
    return tuple(sorted(codes))


def _listed(reading: _Reading) -> bool | None:
    text = reading.text("listed").casefold()
    if text and text not in _YES_OR_NO:
        reading.wrong("listed", "Write yes or no.")
    return _YES_OR_NO.get(text)


def _roles(reading: _Reading) -> frozenset[int]:
    words = {word.casefold() for word in reading.several("role")}
    if unknown := sorted(words - set(_ROLES)):
        reading.wrong("role", f"“{unknown[0][:60]}” cannot be given by an import. Use one of: {', '.join(_ROLES)}.")
    return frozenset(int(_ROLES[word]) for word in words if word in _ROLES)


def _joined(reading: _Reading, now: datetime) -> date | None:
    day = reading.day("joined")
    if fault := not_come_yet(day, now):
        reading.wrong("joined", fault)
    return day


def _organisation(reading: _Reading, localities: tuple[str, ...]) -> OrganisationWish | None:
    wish = OrganisationWish(
        name=reading.checked("organisation", lambda text: too_short_or_long(text, 200, shortest=2)),
        type=reading.chosen("organisation_type", ORGANISATION_TYPES),
        ods_code=reading.checked("ods_code", not_a_code).upper(),
        cqc_location_id=reading.checked("cqc_location_id", not_a_code),
        locality_ids=localities,
        valid_from=reading.day("valid_from"),
        valid_to=reading.day("valid_to"),
    )
    if not wish.name:
        if wish.ods_code or wish.cqc_location_id:
            reading.wrong("organisation", "There is a code, but no name of an organisation beside it.")
        return None
    if wish.valid_from and wish.valid_to and wish.valid_to < wish.valid_from:
        reading.wrong("valid_to", "The organisation would end before it begins.")
    return wish
