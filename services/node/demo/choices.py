"""What a county's members are interested in and what they show of themselves.

Topics come with the table that the convenor imports; what members show, those who sign in choose for themselves.
"""

import base64
from typing import Any

from services.node.demo.meetings import House
from services.node.demo.person import Person
from services.node.demo.roll import as_csv
from services.node.demo.waiting import until
from services.node.demo.world import Member

_SOON_S = 30.0


class Choices:
    def __init__(self, house: House) -> None:
        self._house = house

    def load(self) -> None:
        self._import_topics()
        for member in self._house.world.signing_in(self._house.county.id):
            if member.email_shown or not member.listed:
                self._choose(self._house.person(member.id), member)

    def _import_topics(self) -> None:
        convenor, import_id = self._house.person(self._house.convenor), self._house.id("roll")
        content = base64.b64encode(as_csv(self._house.world, self._house.county.id)).decode()
        body = {"id": import_id, "communityId": self._house.community_id, "csv": content}
        convenor.ask("POST", "/imports", body)
        until(lambda: _stands(convenor, import_id) != "IMPORT_STATE_CHECKING", _SOON_S, "The check of the table")
        convenor.ask("POST", f"/imports/{import_id}:apply", {})
        until(lambda: _stands(convenor, import_id) == "IMPORT_STATE_APPLIED", _SOON_S, "The import of the table")

    @staticmethod
    def _choose(person: Person, member: Member) -> None:
        profile: dict[str, Any] = (person.ask("GET", "/profile") or {})["profile"]
        chosen = {**profile, "listed": member.listed, "emailShown": member.email_shown}
        if chosen != profile:
            person.ask("PUT", "/profile", {"profile": chosen})


def _stands(convenor: Person, import_id: str) -> str:
    found = convenor.ask("GET", f"/imports/{import_id}") or {}
    return str(found["import"]["state"])
