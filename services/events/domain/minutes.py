"""Minutes of a meeting: a draft that convenors write, and editions that are published and stay as they are."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.common.errors import Conflict, Invalid
from services.common.text import clean_line, clean_text
from services.events.domain.meeting import Meeting, State
from services.events.domain.text import LONGEST_ADDRESS, is_address, short

MOST_ITEMS, MOST_ACTIONS = 60, 100
LONGEST_TITLE, LONGEST_TEXT, LONGEST_ACTION = 200, 10_000, 1_000


@dataclass(frozen=True)
class Item:
    title: str
    discussion: str = ""
    decision: str = ""


@dataclass(frozen=True)
class MinutesWords:
    items: tuple[Item, ...] = ()
    actions: tuple[str, ...] = ()
    reply_to: str = ""

    @property
    def empty(self) -> bool:
        return not (self.items or self.actions)


@dataclass(frozen=True)
class Draft:
    version: int = 0
    words: MinutesWords = field(default_factory=MinutesWords)


@dataclass(frozen=True)
class Edition:
    edition: int
    words: MinutesWords
    published_at: datetime
    mailed: bool
    mailing_id: str
    # Of the draft that was published.
    draft_version: int


def checked_minutes(words: MinutesWords) -> MinutesWords:
    """The words as they are kept; what a form leaves empty is none. Raises `Invalid` field by field."""
    items = (Item(clean_line(i.title), clean_text(i.discussion), clean_text(i.decision)) for i in words.items)
    actions = (clean_text(action) for action in words.actions)
    clean = MinutesWords(
        tuple(item for item in items if item != Item("")),
        tuple(action for action in actions if action),
        words.reply_to.strip(),
    )
    if faults := _faults(clean):
        raise Invalid("Some of this cannot be saved. Nothing was changed; please look at the marked fields.", faults)
    return clean


def save(meeting: Meeting, before: Draft, words: MinutesWords, expected: int) -> Draft:
    """The draft as it will stand; raises `Conflict` when somebody else saved meanwhile."""
    if meeting.state is State.CANCELLED:
        raise Conflict("This meeting was called off: it has no minutes. Nothing was saved.")
    if words == before.words and before.version:
        return before
    require_version(before, expected, words)
    return Draft(before.version + 1, words)


def publish(meeting: Meeting, draft: Draft, editions: Sequence[Edition], *, mail: bool, now: datetime) -> Edition:
    """The next edition; `editions`: those that were published, newest first."""
    if meeting.state is not State.ANNOUNCED or not meeting.has_begun(now):
        raise Conflict("This meeting has not begun yet, so its minutes cannot be published. The draft is kept.")
    if meeting.recorded and mail:
        raise Invalid(
            "This meeting was recorded afterwards: its minutes are published without a mail. Nothing was published; "
            "choose not to mail them.",
            {"mail": "not for a meeting that was recorded afterwards"},
        )
    require_words(draft)
    number = (editions[0].edition if editions else 0) + 1
    mailing = mailing_id(meeting.id, number) if mail else ""
    return Edition(number, draft.words, now, mail, mailing, draft.version)


def published_already(draft: Draft, editions: Sequence[Edition], expected: int, mail: bool) -> Edition | None:
    """The edition that this very form made when it was first sent."""
    newest = editions[0] if editions else None
    if newest and newest.draft_version == draft.version == expected and (newest.mailed or not mail):
        return newest
    return None


def require_words(draft: Draft) -> None:
    if draft.words.empty:
        raise Invalid(
            "There is nothing to read in these minutes yet. Nothing was sent; write at least one item first.",
            {"items": "at least one"},
        )


def require_version(before: Draft, expected: int, words: MinutesWords | None = None) -> None:
    if before.version == expected:
        return
    raise Conflict(
        "Somebody else saved these minutes while you were writing. Theirs are saved, yours are not: compare the two, "
        "then save again.",
        {"version": str(before.version), **(_differences(words, before.words) if words else {})},
    )


def mailing_id(meeting_id: str, edition: int) -> str:
    """The same at each repetition: whoever mails it twice sees that it was mailed."""
    return hashlib.sha256(f"minutes of {meeting_id}, edition {edition}".encode()).hexdigest()[:32]


def _differences(ours: MinutesWords, theirs: MinutesWords) -> dict[str, str]:
    def shown(words: MinutesWords) -> dict[str, str]:
        return {
            "items": "\n\n".join(f"{i.title}\n{i.discussion}\n{i.decision}".strip() for i in words.items),
            "actions": "\n".join(words.actions),
            "reply_to": words.reply_to,
        }

    now, yours = shown(theirs), shown(ours)
    return {
        f"{whose}.{name}": short(text)
        for name in now
        if now[name] != yours[name]
        for whose, text in (("theirs", now[name]), ("yours", yours[name]))
    }


def _faults(words: MinutesWords) -> dict[str, str]:
    faults: dict[str, str] = {}
    if len(words.items) > MOST_ITEMS:
        faults["items"] = f"at most {MOST_ITEMS} items"
    for number, item in enumerate(words.items, 1):
        if not 0 < len(item.title) <= LONGEST_TITLE:
            faults["items"] = f"item {number}: a title of at most {LONGEST_TITLE} characters"
        elif max(len(item.discussion), len(item.decision)) > LONGEST_TEXT:
            faults["items"] = f"item {number}: at most {LONGEST_TEXT} characters each"
    if len(words.actions) > MOST_ACTIONS or any(len(action) > LONGEST_ACTION for action in words.actions):
        faults["actions"] = f"at most {MOST_ACTIONS} actions of {LONGEST_ACTION} characters each"
    if words.reply_to and not is_address(words.reply_to):
        faults["reply_to"] = f"not an e-mail address of at most {LONGEST_ADDRESS} characters"
    return faults
