"""The invented East Midlands: its people, organisations, resources and meetings, with dates moved to today."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

_DATA = Path(__file__).parent / "data"
NOW = date(2026, 8, 31)
_YEAR = timedelta(weeks=52)


@dataclass(frozen=True)
class County:
    """A node of the demo; `hub` is the region's own."""

    id: str
    name: str
    community: str
    hashtag: str
    localities: Sequence[Mapping[str, str]]

    @property
    def hub(self) -> bool:
        return self.id == "hub"


@dataclass(frozen=True)
class Organisation:
    id: str
    node: str
    name: str
    type: str
    localities: Sequence[str]
    ods_code: str = ""
    cqc_location_id: str = ""


@dataclass(frozen=True)
class Member:
    id: str
    node: str
    name: str
    job_title: str
    role_group: str
    organisation: str
    email: str
    localities: Sequence[str]
    roles: Sequence[str]
    joined: str
    """The day since which they belong."""
    topics: Sequence[str] = ()
    name_travels: bool = False
    listed: bool = True
    """Found in the directory by other members."""
    email_shown: bool = False
    first: bool = False
    """One of those to try first on the sign-in page."""
    left: bool = False


@dataclass(frozen=True)
class Words:
    title: str
    summary: str
    type: str
    topics: Sequence[str]
    readers: Sequence[str]
    evidence_level: int
    review_due: str


@dataclass(frozen=True)
class Resource:
    id: str
    node: str
    author: str
    words: Words
    licence: str
    audience: str
    parts: str
    """`file` or `link`."""
    state: str = "published"
    earlier: Words | None = None
    """The words of the first edition, where this is the second."""
    note: str = ""
    adapted_from: str = ""
    withdrawn_because: str = ""


@dataclass(frozen=True)
class Booked:
    """Who asked for a place at a meeting to come, in this order; ids of members."""

    room: Sequence[str] = ()
    waiting: Sequence[str] = ()
    online: Sequence[str] = ()


@dataclass(frozen=True)
class Meeting:
    """One that was, with who came, or one to come, with who asked for a place."""

    id: str
    node: str
    kind: str
    audience: str
    day: str
    starts: str
    ends: str
    title: str
    about: str
    venue: str
    room_holds: int
    online_holds: int
    directions: str = ""
    online_link: str = ""
    agenda: Sequence[Mapping[str, Any]] = ()
    room: Sequence[str] = ()
    online: Sequence[str] = ()
    apologies: Sequence[str] = ()
    guests: int = 0
    refused: int = 0
    booked: Booked = Booked()
    needs: Mapping[str, str] = field(default_factory=dict)
    """What helps a member take part, by the member's id."""
    invite: bool = False
    past: bool = False


@dataclass(frozen=True)
class Action:
    what: str
    who: str
    by: str


@dataclass(frozen=True)
class Minutes:
    meeting: str
    items: Sequence[Mapping[str, str]]
    actions: Sequence[Action]


@dataclass(frozen=True)
class World:
    counties: Sequence[County]
    organisations: Sequence[Organisation]
    members: Sequence[Member]
    resources: Sequence[Resource]
    meetings: Sequence[Meeting] = ()
    minutes: Sequence[Minutes] = ()

    def county(self, node: str) -> County:
        return next(each for each in self.counties if each.id == node)

    def organisation(self, organisation_id: str) -> Organisation:
        return next(each for each in self.organisations if each.id == organisation_id)

    def member(self, member_id: str) -> Member:
        return next(each for each in self.members if each.id == member_id)

    def resource(self, resource_id: str) -> Resource:
        return next(each for each in self.resources if each.id == resource_id)

    def members_of(self, node: str) -> list[Member]:
        return [each for each in self.members if each.node == node]

    def organisations_of(self, node: str) -> list[Organisation]:
        return [each for each in self.organisations if each.node == node]

    def resources_of(self, node: str) -> list[Resource]:
        """What others adapted comes before what was adapted from it."""
        mine = [each for each in self.resources if each.node == node]
        return sorted(mine, key=lambda each: bool(each.adapted_from))

    def meetings_of(self, node: str, *, past: bool) -> list[Meeting]:
        return [each for each in self.meetings if each.node == node and each.past == past]

    def minutes_of(self, meeting: str) -> Minutes | None:
        return next((each for each in self.minutes if each.meeting == meeting), None)

    def signing_in(self, node: str) -> list[Member]:
        """Who has accepted the invitation: those to try first, convenors before others, and whoever made something."""
        makers = {each.author for each in self.resources_of(node)}
        found = [each for each in self.members_of(node) if not each.left and (each.first or each.id in makers)]
        return sorted(found, key=lambda each: (not each.first, "convenor" not in each.roles, len(each.roles)))


def load(today: date) -> World:
    return World(
        counties=[County(**row) for row in _rows("nodes")],
        organisations=[Organisation(**row) for row in _rows("organisations")],
        members=[_member(row, today) for row in _rows("members")],
        resources=[_resource(row, today) for row in _rows("resources")],
        meetings=[_meeting(row, today) for row in _rows("meetings")],
        minutes=[_minutes(row, today) for row in _rows("minutes")],
    )


def item_id(node_id: str, demo_id: str) -> str:
    """The id of a demo item on one node: the same at each try, another on each node."""
    return hashlib.sha256(f"{node_id}|{demo_id}".encode()).hexdigest()[:32]


def moved(day: str, today: date) -> date:
    """A day of the demo's world by whole weeks to ours: what was over stays over, what was to come stays to come."""
    return date.fromisoformat(day) + timedelta(weeks=(today - NOW).days // 7)


def shifted(day: str, today: date) -> str:
    """As `moved`; one that is over is moved on by whole years."""
    found = moved(day, today)
    while found <= today:
        found += _YEAR
    return found.isoformat()


def _member(row: dict[str, Any], today: date) -> Member:
    return Member(**{**row, "joined": moved(row["joined"], today).isoformat()})


def _resource(row: dict[str, Any], today: date) -> Resource:
    taken = {name: row.pop(name) for name in Words.__dataclass_fields__ if name in row}
    earlier = row.pop("earlier", None)
    made = Resource(words=_words(taken, today), **row)
    return replace(made, earlier=_words(earlier, today)) if earlier else made


def _meeting(row: dict[str, Any], today: date) -> Meeting:
    past = date.fromisoformat(row["day"]) < NOW
    booked = Booked(**row.pop("booked", {}))
    return Meeting(**{**row, "day": moved(row["day"], today).isoformat(), "booked": booked, "past": past})


def _minutes(row: dict[str, Any], today: date) -> Minutes:
    actions = [Action(**{**each, "by": moved(each["by"], today).isoformat()}) for each in row.pop("actions")]
    return Minutes(actions=actions, **row)


def _words(row: dict[str, Any], today: date) -> Words:
    return Words(**{"readers": [], **row, "review_due": shifted(row["review_due"], today)})


def _rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))
    return rows
