"""What is told to whom, how often it is tried, and who may see it: pure decisions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from services.common.access import Person
from services.common.errors import NotFound

GIVEN_UP_AFTER = timedelta(days=2)
LONGEST_PAUSE = timedelta(hours=6)
Words = Mapping[str, Any]


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    # The other side refused it for good.
    BOUNCED = "bounced"
    GIVEN_UP = "given_up"


NOT_RECEIVED = (State.QUEUED, State.BOUNCED, State.GIVEN_UP)
_NOBODY_TRIES = frozenset({State.BOUNCED, State.GIVEN_UP})


@dataclass(frozen=True)
class News:
    """One thing to tell one member. `words` fill the mail's template; no address of the member is among them."""

    kind: str
    item_id: str
    member_id: str
    subject: str
    words: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Letter:
    """What a mailing says once, to however many; its id is the mailing's."""

    id: str
    kind: str
    item_id: str
    community_id: str
    subject: str
    words: Words = field(default_factory=dict)
    # A calendar entry that is the same for everybody.
    ics: str = ""
    # Where answers go; empty: nowhere, and the mail says so.
    reply_to: str = ""


@dataclass(frozen=True)
class Mailing:
    """A letter and everybody who gets it."""

    letter: Letter
    member_ids: tuple[str, ...]


@dataclass(frozen=True)
class Delivery:
    """How far the telling has come."""

    id: str
    news: News
    queued_at: datetime
    state: State = State.QUEUED
    attempts: int = 0
    sent_at: datetime | None = None
    problem: str = ""
    # Of a mailing; empty for news to one member alone.
    letter_id: str = ""
    # Read where the mail is written, not in lists.
    letter: Letter | None = None

    @property
    def words(self) -> Words:
        return self.letter.words if self.letter else self.news.words


@dataclass(frozen=True)
class Sent:
    """The mail server, or the folder, has it."""


@dataclass(frozen=True)
class Refused:
    """It will never be taken."""

    problem: str


@dataclass(frozen=True)
class NoAddress:
    """The member left, or has no address: nobody can be written to."""


@dataclass(frozen=True)
class Later:
    """Not now; trying again may help."""

    problem: str


Outcome = Sent | Refused | NoAddress | Later


def after(delivery: Delivery, outcome: Outcome, now: datetime) -> tuple[Delivery, datetime | None]:
    """The delivery after an attempt, and when to try again; None: nobody tries any more."""
    if isinstance(outcome, NoAddress):
        why = "This member has left or has no e-mail address."
        return replace(delivery, state=State.GIVEN_UP, problem=why), None
    tried = replace(delivery, attempts=delivery.attempts + 1)
    if isinstance(outcome, Sent):
        return replace(tried, state=State.SENT, sent_at=now, problem=""), None
    if isinstance(outcome, Refused):
        return replace(tried, state=State.BOUNCED, problem=outcome.problem), None
    following = now + pause_after(tried.attempts)
    if following - delivery.queued_at > GIVEN_UP_AFTER:
        return replace(tried, state=State.GIVEN_UP, problem=outcome.problem), None
    return replace(tried, problem=outcome.problem), following


def again(delivery: Delivery, now: datetime) -> Delivery | None:
    """The delivery as if queued now; None where it is still tried, or was sent."""
    if delivery.state not in _NOBODY_TRIES:
        return None
    return replace(delivery, state=State.QUEUED, attempts=0, queued_at=now, problem="")


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), LONGEST_PAUSE)


def may_see(reader: Person | str, delivery: Delivery | None) -> Delivery:
    """A member's own; the operator's, all. The name of a workload is the operator at the command line."""
    if delivery is None or not (sees_all(reader) or delivery.news.member_id == _id_of(reader)):
        raise NotFound("There is no such mail among yours.")
    return delivery


def may_follow(convenor: Person, letter: Letter | None) -> Letter:
    """Who was to get a mailing is for the convenors of its community; its mails stay each member's own."""
    if letter is None or not convenor.is_convenor(letter.community_id):
        raise NotFound(
            "There are no mails of this kind in a community of yours. If it was published a moment ago, wait a little "
            "and look again."
        )
    return letter


def sees_all(reader: Person | str) -> bool:
    return isinstance(reader, str) or reader.operator


def whose(reader: Person | str) -> str:
    """The member whose deliveries this reader may list; empty: everybody's."""
    return "" if sees_all(reader) else _id_of(reader)


def line(text: str) -> str:
    """As it fits a subject: one line, and not endless."""
    return " ".join(text.split())[:300]


def _id_of(reader: Person | str) -> str:
    return reader.member_id if isinstance(reader, Person) else ""
