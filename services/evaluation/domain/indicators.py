"""The indicators: what each counts and of which facts. Change a definition only together with its number."""

from dataclasses import dataclass

from services.common.errors import NotFound

_BY_MEETING = "It counts in the month in which the meeting begins."


@dataclass(frozen=True)
class Indicator:
    code: str
    name: str
    # What it counts and what not, in two sentences at most.
    definition: str
    # Counts of people are rounded and suppressed wherever they leave this service.
    people: bool
    counted_from: tuple[str, ...]
    # Stands for the end of the month; otherwise for what happened in it.
    at_month_end: bool = False
    # It counts no people itself, but the facts behind it are about them.
    facts_of_people: bool = False
    # Grows when what it counts is defined anew.
    number: int = 1

    @property
    def facts_told(self) -> bool:
        """Of facts about people nobody learns how many: two such numbers, subtracted, would show what a star hides."""
        return not (self.people or self.facts_of_people)


MEMBERS = Indicator(
    "members", "Members",
    "People who belong to the community at the end of the month. Whoever has left by then is not counted.",
    True, ("MemberChanged",), at_month_end=True,
)  # fmt: skip
ORGANISATIONS = Indicator(
    "organisations", "Organisations",
    "Employers and homes that have at least one member in the community at the end of the month. "
    "Each counts once, however many of its people belong.",
    False, ("MemberChanged",), at_month_end=True, facts_of_people=True,
)  # fmt: skip
MEETINGS = Indicator(
    "meetings", "Meetings",
    "Meetings of the community that were held, in the room or online; drafts and cancelled ones are not counted. "
    f"{_BY_MEETING}",
    False, ("MeetingChanged",),
)  # fmt: skip
ATTENDANCE = Indicator(
    "attendance", "Attendance",
    "People present at the month's meetings, in the room or online, added up: "
    f"somebody who came to two meetings counts twice. {_BY_MEETING}",
    True, ("MeetingChanged", "AttendanceNoted"),
)  # fmt: skip
ATTENDED_ONCE = Indicator(
    "attended_once", "People who came at least once",
    f"Different people who were present at one or more of the month's meetings; each counts once. {_BY_MEETING}",
    True, ("MeetingChanged", "AttendanceNoted"),
)  # fmt: skip
REFUSED_PLACES = Indicator(
    "refused_places", "Refused a place",
    "People who asked for a place at a meeting and could not be given one when they asked, even if one came free "
    f"later, with those noted for past meetings; cancelled meetings are not counted. {_BY_MEETING}",
    True, ("MeetingChanged", "PlaceDecided", "RefusalsRecorded"),
)  # fmt: skip
RESOURCES_SHARED = Indicator(
    "resources_shared", "Resources shared",
    "Resources of this community that were published for the first time in the month. "
    "Drafts, new editions and what other counties share are not counted.",
    False, ("ResourceChanged",),
)  # fmt: skip
RESOURCES_ADOPTED = Indicator(
    "resources_adopted", "Resources taken into use",
    "How often somebody, here or in another county, began to try or use a resource of this community, or one of its "
    "members began with another county's. Each counts once, in the month in which it was first said.",
    False, ("ResourceAdopted",),
)  # fmt: skip
INDICATORS = (
    MEMBERS, ORGANISATIONS, MEETINGS, ATTENDANCE, ATTENDED_ONCE, REFUSED_PLACES, RESOURCES_SHARED, RESOURCES_ADOPTED,
)  # fmt: skip
BY_CODE = {each.code: each for each in INDICATORS}
OF_MEETINGS = (MEETINGS, ATTENDANCE, ATTENDED_ONCE, REFUSED_PLACES)
OF_PRESENCE = (ATTENDANCE, ATTENDED_ONCE)
OF_MEMBERS = (MEMBERS, ORGANISATIONS)
IN_USE = frozenset({"trialling", "adopted", "embedded"})
"""Stages of an adoption in which a resource is really used."""


def indicator(code: str) -> Indicator:
    if code not in BY_CODE:
        raise NotFound("There is no figure of this name. The page of figures lists all there are.")
    return BY_CODE[code]
