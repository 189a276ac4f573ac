"""When the operator is mailed of what the doctor finds: what is new, that all is well again, and each day what stays.

Two looks must agree, so that a process that starts again wakes nobody. What was told is kept in a file, so that a
restart tells it to nobody twice. Not promised: a word when the machine, the network or the mail server is away.
"""

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from services.common.clock import Clock
from services.common.files import write_private
from services.common.ids import new_id
from services.node.doctor.judging import Problem
from services.notification.domain.delivery import Sent
from services.notification.mime import Mail
from services.notification.post import Post

log = logging.getLogger(__name__)
REMIND = timedelta(days=1)
Look = Callable[[], Sequence[Problem]]
# Waits so many seconds; true when the process is to end.
Rest = Callable[[float], bool]


@dataclass(frozen=True)
class Told:
    """Which kinds of problems the operator was told of since all was well, and when they last heard of any."""

    kinds: frozenset[str] = frozenset()
    at: datetime | None = None

    def is_news(self, found: Sequence[Problem], now: datetime) -> bool:
        if not found:
            return bool(self.kinds)
        return bool(_kinds(found) - self.kinds) or self.at is None or now - self.at >= REMIND

    def after(self, found: Sequence[Problem], now: datetime) -> "Told":
        return Told(self.kinds | _kinds(found) if found else frozenset(), now)


def _kinds(found: Sequence[Problem]) -> frozenset[str]:
    """Problems without their numbers: 3 messages aside or 4 are one problem."""
    return frozenset(re.sub(r"\d+", "#", f"{each.about}: {each.sentence}") for each in found)


@dataclass(frozen=True)
class Letterhead:
    node: str
    sender: str
    to: str

    def letter(self, found: Sequence[Problem], now: datetime) -> Mail:
        letter = EmailMessage(policy=SMTP)
        letter["From"], letter["To"], letter["Date"] = self.sender, self.to, format_datetime(now)
        letter["Subject"] = f"{self.node}: {_subject(found)}"
        letter["Message-ID"] = f"<{new_id()}@{self.sender.rpartition('@')[2].rstrip('>')}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content("\n".join(_lines(found)))
        return Mail(self.sender, self.to, letter.as_bytes())


def _subject(found: Sequence[Problem]) -> str:
    if not found:
        return "all is well again"
    return f"{len(found)} {'thing needs' if len(found) == 1 else 'things need'} a person"


def _lines(found: Sequence[Problem]) -> list[str]:
    if not found:
        return ["The doctor finds nothing any more that needs a person."]
    later = "You hear again when something else needs you, when all is well, and once a day until then."
    return [*(f"- {each.about}: {each.sentence}" for each in found), "", "All of it: fosse doctor", later]


class Watch:
    def __init__(self, look: Look, post: Post, head: Letterhead, kept: Path, clock: Clock) -> None:
        self._look = look
        self._post = post
        self._head = head
        self._kept = kept
        self._clock = clock
        self._told = _read(kept)

    def step(self, rest: Rest, between_s: float) -> None:
        if not self._told.is_news(self._look(), self._clock()) or rest(between_s):
            return
        found, now = self._look(), self._clock()
        if self._told.is_news(found, now) and self._mailed(found, now):
            self._told = self._told.after(found, now)
            _write(self._kept, self._told)

    def _mailed(self, found: Sequence[Problem], now: datetime) -> bool:
        """False when the mail server did not take it: the next look tries again."""
        sent = [
            each for said in self._post.send([(new_id(), self._head.letter(found, now))], now) for each in said.values()
        ]
        if taken := sent == [Sent()]:
            log.info("operator mailed", extra={"problems": len(found)})
        else:
            log.warning("operator not mailed", extra={"outcome": [type(each).__name__ for each in sent]})
        return taken


def _read(kept: Path) -> Told:
    try:
        said = json.loads(kept.read_text(encoding="utf-8"))
        return Told(frozenset(said["kinds"]), datetime.fromisoformat(said["at"]))
    except (OSError, ValueError, KeyError):
        # At worst it is told once more.
        return Told()


def _write(kept: Path, told: Told) -> None:
    assert told.at
    try:
        write_private(kept, json.dumps({"kinds": sorted(told.kinds), "at": told.at.isoformat()}).encode())
    except OSError as problem:
        # A full disk is among what is told: it must not end the telling.
        log.warning("what was told is not kept", extra={"problem": type(problem).__name__})
