"""The words about a resource: what a draft may leave open, and what must be there when it is published."""

import re
from dataclasses import dataclass
from datetime import date

from services.common.errors import Invalid
from services.common.text import clean_line, clean_text
from services.resource.domain.vocabulary import Terms, Vocabulary

ITEM_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
SHORTEST_TITLE, LONGEST_TITLE = 3, 200
SHORTEST_SUMMARY, LONGEST_SUMMARY = 20, 2000
MOST_TOPICS = 6
_NOT_YET = "This resource cannot be published yet. Nothing was changed; please complete it first."


@dataclass(frozen=True)
class Words:
    title: str
    summary: str = ""
    type: str = ""
    topics: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    evidence_level: int = 0
    review_due: str = ""
    adapted_from: str = ""


def checked_words(words: Words, vocabulary: Vocabulary) -> Words:
    """The words as a draft keeps them: clean, from the vocabulary, perhaps incomplete."""
    clean = Words(
        title=clean_line(words.title),
        summary=clean_text(words.summary),
        type=words.type,
        topics=tuple(dict.fromkeys(words.topics)),
        readers=tuple(dict.fromkeys(words.readers)),
        evidence_level=words.evidence_level,
        review_due=words.review_due.strip(),
        adapted_from=words.adapted_from.strip(),
    )
    if faults := _faults(clean, vocabulary):
        raise Invalid("Some of this cannot be saved. Nothing was changed; please look at the marked fields.", faults)
    return clean


def require_complete(words: Words, today: date) -> None:
    """Raises `Invalid` unless everything is there that readers need."""
    missing: dict[str, str] = {}
    if len(words.summary) < SHORTEST_SUMMARY:
        missing["summary"] = f"say in at least {SHORTEST_SUMMARY} characters what it is"
    if not words.type:
        missing["type"] = "choose what kind of resource it is"
    if not words.topics:
        missing["topics"] = "choose at least one topic"
    if words.review_due and date.fromisoformat(words.review_due) <= today:
        missing["review_due"] = "the day for looking at it again must be in the future"
    if missing:
        raise Invalid(_NOT_YET, missing)


def differences(ours: Words, theirs: Words) -> dict[str, str]:
    """For each field that differs both texts, short enough to travel in a refusal."""
    pairs = {name: (getattr(theirs, name), getattr(ours, name)) for name in Words.__dataclass_fields__}
    return {
        f"{whose}.{name}": _short(text)
        for name, (now, yours) in pairs.items()
        if now != yours
        for whose, text in (("theirs", now), ("yours", yours))
    }


def _short(value: object) -> str:
    text = ", ".join(value) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 300 else text[:299] + "…"


def _faults(words: Words, vocabulary: Vocabulary) -> dict[str, str]:
    faults: dict[str, str] = {}
    if not SHORTEST_TITLE <= len(words.title) <= LONGEST_TITLE:
        faults["title"] = f"between {SHORTEST_TITLE} and {LONGEST_TITLE} characters"
    if len(words.summary) > LONGEST_SUMMARY:
        faults["summary"] = f"at most {LONGEST_SUMMARY} characters; this has {len(words.summary)}"
    if words.type and words.type not in vocabulary.types:
        faults["type"] = "choose one from the list"
    if len(words.topics) > MOST_TOPICS or not _all_in(words.topics, vocabulary.topics):
        faults["topics"] = f"choose one to {MOST_TOPICS} from the list"
    if not _all_in(words.readers, vocabulary.readers):
        faults["readers"] = "choose from the list"
    if str(words.evidence_level) not in vocabulary.evidence_levels:
        faults["evidence_level"] = "choose one from the list"
    if words.review_due and not _is_day(words.review_due):
        faults["review_due"] = "not a day; write it like 2027-03-31"
    if words.adapted_from and not ITEM_ID.fullmatch(words.adapted_from):
        faults["adapted_from"] = "not the number of a resource"
    return faults


def _all_in(codes: tuple[str, ...], terms: Terms) -> bool:
    return all(code in terms for code in codes)


def _is_day(text: str) -> bool:
    try:
        # Weeks (2027-W13-3) are days to Python too, and to no field of a page.
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
