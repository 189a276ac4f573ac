"""A county's meetings through its people's own doors: its convenor records, plans and writes minutes, members book.

Everything has an id made from the demo's, and what is there already is left as it is: an interrupted load goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from fosse.events.v1 import events_pb2
from services.node.demo.person import Person
from services.node.demo.world import County, Meeting, Minutes, World

WISHES = {"room": events_pb2.WISH_ROOM, "waiting": events_pb2.WISH_ROOM, "online": events_pb2.WISH_ONLINE}


@dataclass(frozen=True)
class House:
    """What the loader knows of a county: its people by their ids in the demo, and the ids that its node uses."""

    world: World
    county: County
    community_id: str
    id: Callable[[str], str]
    person: Callable[[str], Person]
    """At their browser; for those who sign in."""
    convenor: str
    tell: Callable[[str], None]


class Meetings:
    def __init__(self, house: House) -> None:
        self._house = house
        self._own = {each.id for each in house.world.signing_in(house.county.id)}

    def load(self) -> None:
        world, node = self._house.world, self._house.county.id
        for meeting in world.meetings_of(node, past=True):
            self._record(meeting)
            self._house.tell(meeting.title)
        for meeting in world.meetings_of(node, past=False):
            self._plan(meeting)
            self._house.tell(meeting.title)

    @property
    def _convenor(self) -> Person:
        return self._house.person(self._house.convenor)

    def _record(self, meeting: Meeting) -> None:
        body = {
            "id": self._house.id(meeting.id),
            "communityId": self._house.community_id,
            "words": words_of(meeting),
            "present": self._present(meeting),
            "guests": meeting.guests,
            "apologies": [self._house.id(each) for each in meeting.apologies],
            "refused": meeting.refused,
        }
        self._convenor.ask("POST", "/meetings:record", body)
        if minutes := self._house.world.minutes_of(meeting.id):
            self._write(minutes)

    def _present(self, meeting: Meeting) -> list[dict[str, str]]:
        came = {"PRESENCE_ROOM": meeting.room, "PRESENCE_ONLINE": meeting.online}
        return [
            {"memberId": self._house.id(member), "presence": presence} for presence in came for member in came[presence]
        ]

    def _write(self, minutes: Minutes) -> None:
        path = f"/meetings/{self._house.id(minutes.meeting)}/minutes"
        found = self._convenor.ask("GET", path) or {}
        if found.get("editions"):
            return
        body = {"expectedVersion": found.get("draftVersion", "0"), "words": self._minutes_words(minutes)}
        saved = self._convenor.ask("PUT", path, body) or {}
        # Nobody is mailed about what was long ago.
        self._convenor.ask("POST", f"{path}:publish", {"expectedVersion": saved["draftVersion"], "mail": False})

    def _minutes_words(self, minutes: Minutes) -> dict[str, Any]:
        world = self._house.world
        actions = [f"{each.what}: {world.member(each.who).name}, by {_said(each.by)}" for each in minutes.actions]
        return {"items": list(minutes.items), "actions": actions, "replyTo": world.member(self._house.convenor).email}

    def _plan(self, meeting: Meeting) -> None:
        meeting_id = self._house.id(meeting.id)
        body = {"id": meeting_id, "communityId": self._house.community_id, "words": words_of(meeting)}
        self._convenor.ask("POST", "/meetings", body)
        found = (self._convenor.ask("GET", f"/meetings/{meeting_id}") or {})["meeting"]
        if found["state"] == "MEETING_STATE_DRAFT":
            told = {"expectedVersion": found["version"], "invite": meeting.invite}
            self._convenor.ask("POST", f"/meetings/{meeting_id}:announce", told)
        for how, members in vars(meeting.booked).items():
            for member in members:
                self._book(meeting, member, WISHES[how])

    def _book(self, meeting: Meeting, member: str, wish: int) -> None:
        """By themselves where they sign in; else the convenor does it for them."""
        meeting_id, request_id = self._house.id(meeting.id), self._house.id(f"{meeting.id} {member}")
        needs = meeting.needs.get(member, "")
        if member in self._own:
            body = {"id": request_id, "wish": wish, "accessNeeds": needs}
            self._house.person(member).ask("POST", f"/meetings/{meeting_id}/places", body)
        else:
            self._convenor.book_for(self._house.id(member), meeting_id, request_id, wish=wish, needs=needs)


def words_of(meeting: Meeting) -> Mapping[str, Any]:
    """As the JSON API takes them."""
    agenda = [
        {"title": each["title"], "minutes": each.get("minutes", 0), "ledBy": each.get("led_by", "")}
        for each in meeting.agenda
    ]
    return {
        "title": meeting.title,
        "about": meeting.about,
        "kind": f"MEETING_KIND_{meeting.kind.upper()}",
        "audience": f"MEETING_AUDIENCE_{meeting.audience.upper()}",
        "day": meeting.day,
        "starts": meeting.starts,
        "ends": meeting.ends,
        "venue": meeting.venue,
        "directions": meeting.directions,
        "roomHolds": meeting.room_holds,
        "onlineHolds": meeting.online_holds,
        "onlineLink": meeting.online_link,
        "agenda": agenda,
    }


def _said(day: str) -> str:
    """As people say it: 10 September 2026."""
    found = date.fromisoformat(day)
    return f"{found.day} {found:%B %Y}"
