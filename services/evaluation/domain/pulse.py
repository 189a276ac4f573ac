"""The one-minute pulse after a meeting: who may answer, once, and what may be shown of the answers."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from services.common.errors import Conflict, Invalid, NotAllowed
from services.common.text import clean_text
from services.evaluation.domain.disclosure import ENOUGH_FOR_WORDS, Figure, disclosed, disclosed_row
from services.evaluation.domain.sentences import pulse_sentence

OPEN_FOR = timedelta(days=14)
LONGEST = 500
WORTH = (1, 2, 3, 4, 5)
ANSWERED = (
    "You have answered this pulse already; your answer is kept, without your name. "
    "It cannot be changed, because nobody can tell which one is yours."
)


class Change(IntEnum):
    """Will I do something differently?"""

    YES = 1
    PERHAPS = 2
    NO = 3


@dataclass(frozen=True)
class Pulse:
    meeting_id: str
    community_id: str
    asked_of: int
    closes_at: datetime
    closed: bool = False

    def is_open(self, now: datetime) -> bool:
        return not self.closed and now < self.closes_at


@dataclass(frozen=True)
class Answer:
    worth: int
    change: Change
    better: str


@dataclass(frozen=True)
class Shown:
    """What a pulse says, as it may be published."""

    asked: bool
    open: bool
    asked_of: Figure
    answered: Figure
    worth: tuple[Figure, ...]
    change: tuple[Figure, ...]
    better: tuple[str, ...]
    sentence: str
    # The asker was there, has not answered yet, and still may.
    may_answer: bool = False


NOT_ASKED = Shown(False, False, Figure(0), Figure(0), (), (), (), "No pulse was asked after this meeting.")


def answer(worth: int, change: int, better: str) -> Answer:
    """What was said, if it can be kept."""
    words = clean_text(better)
    wrong = {}
    if worth not in WORTH:
        wrong["worth"] = "choose 1 to 5"
    if change not in set(Change):
        wrong["change"] = "choose yes, perhaps or no"
    if len(words) > LONGEST:
        wrong["better"] = f"at most {LONGEST} characters; these are {len(words)}"
    if wrong:
        raise Invalid("Your answer is not sent yet; please look at the marked questions.", wrong)
    return Answer(worth, Change(change), words)


def require_open(pulse: Pulse | None, was_there: bool, now: datetime) -> Pulse:
    if pulse is None or not was_there:
        raise NotAllowed("Only those who were at the meeting are asked about it. Nothing was kept.")
    if not pulse.is_open(now):
        raise Conflict("This pulse is closed: answers were taken for 14 days after it was asked. Nothing was kept.")
    return pulse


def token(secret: bytes, member_id: str) -> str:
    """Tells that somebody answered without telling who, once the secret of the pulse is gone."""
    return hmac.new(secret, member_id.encode(), hashlib.sha256).hexdigest()


def shown(pulse: Pulse | None, answers: Sequence[Answer], *, words: bool, now: datetime) -> Shown:
    """`words`: this person may read what people wrote, once enough have answered and the pulse is closed."""
    if pulse is None:
        return NOT_ASKED
    asked_of, answered = disclosed(pulse.asked_of, people=True), disclosed(len(answers), people=True)
    worth = disclosed_row([sum(one.worth == each for one in answers) for each in WORTH], people=True)
    change = disclosed_row([sum(one.change is each for one in answers) for each in Change], people=True)
    is_open = pulse.is_open(now)
    # Not before the end: who looks again after each answer would see whose words are new.
    may_read = words and not is_open and len(answers) >= ENOUGH_FOR_WORDS
    better = tuple(one.better for one in answers if one.better) if may_read else ()
    sentence = pulse_sentence(asked_of, answered, worth, is_open)
    return Shown(True, is_open, asked_of, answered, tuple(worth), tuple(change), better, sentence)
