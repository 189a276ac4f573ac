"""What is told to whom, how often it is tried, and who may see it: pure decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.common.access import Person
from services.common.errors import NotFound

RESOURCE_ADOPTED = "resource_adopted"
GIVEN_UP_AFTER = timedelta(days=2)
LONGEST_PAUSE = timedelta(hours=6)

# Somebody who only looks at a resource is not yet news to its author.
_VERBS = {"trialling": "is trying out", "adopted": "uses", "embedded": "uses"}


class State(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    # The other side refused it for good.
    BOUNCED = "bounced"
    GIVEN_UP = "given_up"


@dataclass(frozen=True)
class News:
    """One thing to tell one member. `words` fill the mail's template; no address is among them."""

    kind: str
    item_id: str
    member_id: str
    subject: str
    words: Mapping[str, str] = field(default_factory=dict)


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


@dataclass(frozen=True)
class Sent:
    """The mail server, or the folder, has it."""


@dataclass(frozen=True)
class Refused:
    """It will never be taken."""

    problem: str


@dataclass(frozen=True)
class Later:
    """Not now; trying again may help."""

    problem: str


Outcome = Sent | Refused | Later


@dataclass(frozen=True)
class Adopted:
    """An adoption as its resource's authors may be told of it."""

    adoption_id: str
    stage: str
    resource_id: str
    title: str
    # County or, for somebody here, locality.
    place: str
    organisation: str
    author_ids: tuple[str, ...]
    adopter_id: str = ""


def news_of(adopted: Adopted) -> list[News]:
    """One for each author but the one who said it; none while the resource is only looked at, or no longer used."""
    verb = _VERBS.get(adopted.stage)
    if verb is None:
        return []
    words = {
        "who": adopted.organisation or adopted.place,
        "place": adopted.place,
        "verb": verb,
        "title": adopted.title,
        "resource_id": adopted.resource_id,
    }
    subject = f"{adopted.place} {verb} your resource “{adopted.title}”"
    told = dict.fromkeys(author for author in adopted.author_ids if author != adopted.adopter_id)
    return [News(RESOURCE_ADOPTED, adopted.adoption_id, author, _line(subject), words) for author in told]


def after(delivery: Delivery, outcome: Outcome, now: datetime) -> tuple[Delivery, datetime | None]:
    """The delivery after an attempt, and when to try again; None: nobody tries any more."""
    tried = replace(delivery, attempts=delivery.attempts + 1)
    if isinstance(outcome, Sent):
        return replace(tried, state=State.SENT, sent_at=now, problem=""), None
    if isinstance(outcome, Refused):
        return replace(tried, state=State.BOUNCED, problem=outcome.problem), None
    following = now + pause_after(tried.attempts)
    if following - delivery.queued_at > GIVEN_UP_AFTER:
        return replace(tried, state=State.GIVEN_UP, problem=outcome.problem), None
    return replace(tried, problem=outcome.problem), following


def without_address(delivery: Delivery) -> Delivery:
    """The member left, or has no address: nobody can be written to."""
    return replace(delivery, state=State.GIVEN_UP, problem="This member has left or has no e-mail address.")


def pause_after(attempts: int) -> timedelta:
    """1, 2, 4 … minutes, at most 6 hours."""
    return min(timedelta(minutes=2 ** min(attempts - 1, 10)), LONGEST_PAUSE)


def may_see(reader: Person | str, delivery: Delivery | None) -> Delivery:
    """A member's own; the operator's, all. The name of a workload is the operator at the command line."""
    if delivery is None or not (sees_all(reader) or delivery.news.member_id == _id_of(reader)):
        raise NotFound("There is no such mail among yours.")
    return delivery


def sees_all(reader: Person | str) -> bool:
    return isinstance(reader, str) or reader.operator


def whose(reader: Person | str) -> str:
    """The member whose deliveries this reader may list; empty: everybody's."""
    return "" if sees_all(reader) else _id_of(reader)


def place_of(node_name: str, localities: Collection[str]) -> str:
    """What to call where somebody is: the county of another node, the locality in one's own."""
    return next(iter(localities), "") or node_name or "Another county"


def _id_of(reader: Person | str) -> str:
    return reader.member_id if isinstance(reader, Person) else ""


def _line(text: str) -> str:
    return " ".join(text.split())[:300]
