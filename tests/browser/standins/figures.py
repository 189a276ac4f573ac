"""Indicators, pulses and the region, as the pages meet them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fosse.evaluation.v1 import evaluation_pb2 as pb
from fosse.evaluation.v1 import evaluation_pb2_grpc
from services.common.errors import NotFound
from tests.browser import world

if TYPE_CHECKING:
    from tests.browser.standins.node import Node

MONTHS = [f"2025-{month:02}" for month in range(9, 13)] + [f"2026-{month:02}" for month in range(1, 9)]
TOO_FEW = "Between 1 and 7 people: not shown, so that nobody can be recognised."
ROUNDED = "Rounded to the nearest 5, so that nobody can be recognised."
FACTS_OF_PEOPLE = "Not told of facts about people: two such numbers, subtracted, could show what a star hides."
STAR = -1
_NAMES = {
    "members": "Members",
    "organisations": "Organisations",
    "meetings": "Meetings",
    "attendance": "Attendance",
    "attended_once": "People who came at least once",
    "refused_places": "Refused a place",
    "resources_shared": "Resources shared",
    "resources_adopted": "Resources taken into use",
}
_EXACT = {"organisations", "meetings", "resources_shared", "resources_adopted"}
_NUMBERS = {
    "members": [35, 35, 40, 40, 45, 45, 50, 50, 55, 55, 60, 60],
    "organisations": [9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 14, 14],
    "meetings": [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1],
    "attendance": [15, 20, 20, 0, 15, 20, 20, 25, 20, 20, 0, 20],
    "attended_once": [15, 20, 20, 0, 15, 20, 20, 25, 20, 20, 0, 20],
    "refused_places": [0, STAR, STAR, 0, 0, STAR, 10, STAR, STAR, 10, 0, STAR],
    "resources_shared": [2, 1, 0, 1, 3, 0, 2, 1, 1, 0, 2, 1],
    "resources_adopted": [0, 1, 1, 0, 2, 1, 0, 3, 1, 2, 1, 4],
}


def a_figure(number: int, *, exact: bool = False) -> pb.Figure:
    if number == STAR:
        return pb.Figure(hidden=True, reason=TOO_FEW)
    return pb.Figure(number=number, reason=ROUNDED if number and not exact else "")


def a_series(code: str, numbers: Sequence[int]) -> pb.Series:
    name, exact = _NAMES[code], code in _EXACT
    last = "between 1 and 7" if numbers[-1] == STAR else numbers[-1]
    return pb.Series(
        indicator=pb.Indicator(
            code=code,
            name=name,
            definition="What it counts in two sentences at most. It counts in the month in which the meeting begins.",
            people=not exact,
            counted_from=["MeetingChanged", "AttendanceNoted"],
            at_month_end=code in {"members", "organisations"},
        ),
        figures=[a_figure(number, exact=exact) for number in numbers],
        sentence=f"{name}: {last} in August 2026; over these 12 months between 0 and {max(numbers)}.",
    )


def some_series() -> list[pb.Series]:
    return [a_series(code, numbers) for code, numbers in _NUMBERS.items()]


def new_series(**last: int) -> list[pb.Series]:
    """Of a community that its first person joined this month; `last` are other numbers of this month."""
    known = {"members": STAR, "organisations": 1, **last}
    return [a_series(code, [0] * 11 + [known.get(code, 0)]) for code in _NUMBERS]


def a_pulse(**changed: Any) -> pb.GetPulseResponse:
    """Of twenty who were there fifteen have answered."""
    known: dict[str, Any] = {
        "asked": True,
        "open": True,
        "asked_of": a_figure(20),
        "answered": a_figure(15),
        "worth": [a_figure(number) for number in (0, 0, STAR, STAR, 10)],
        "change": [a_figure(number) for number in (10, STAR, STAR)],
        "better": ["Start on time, please.", "More about nights. Fewer slides."],
        "sentence": "Of 20 people asked 15 answered; most of them found it worth their time (4 or 5 of 5).",
        **changed,
    }
    return pb.GetPulseResponse(**known)


def a_region() -> pb.GetRegionResponse:
    """At the hub, which waits for Leicestershire."""
    counties = [world.NODES[1].node_id, world.NODES[2].node_id]
    series = [
        pb.RegionSeries(
            region=a_series(code, [max(number, 0) * 2 for number in numbers]),
            counties=[pb.CountyFigures(node_id=node, figures=a_series(code, numbers).figures) for node in counties],
        )
        for code, numbers in _NUMBERS.items()
    ]
    return pb.GetRegionResponse(hub=True, months=MONTHS, series=series, missing_node_ids=[world.NODES[3].node_id])


@dataclass
class Figures:
    """Indicators, pulses and the region."""

    series: list[pb.Series] = field(default_factory=some_series)
    pulse: pb.GetPulseResponse = field(default_factory=a_pulse)
    region: pb.GetRegionResponse = field(default_factory=lambda: pb.GetRegionResponse(months=MONTHS))


def _facts(of: pb.Indicator) -> pb.Figure:
    """As evaluation answers: never where the facts are about people."""
    if of.people or of.code == "organisations":
        return pb.Figure(hidden=True, reason=FACTS_OF_PEOPLE)
    return pb.Figure(number=240)


class EvaluationStandIn(evaluation_pb2_grpc.EvaluationServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf
        self._held = node.shelf.figures

    def ListIndicators(self, request: Any, context: Any) -> pb.ListIndicatorsResponse:
        self._shelf.hear(request)
        return pb.ListIndicatorsResponse(months=MONTHS, series=self._held.series)

    def GetIndicator(self, request: Any, context: Any) -> pb.GetIndicatorResponse:
        self._shelf.hear(request)
        found = next((one for one in self._held.series if one.indicator.code == request.indicator), None)
        if found is None:
            raise NotFound("There is no figure of this name. The page of figures lists all there are.")
        return pb.GetIndicatorResponse(months=MONTHS, series=found, facts=_facts(found.indicator))

    def AnswerPulse(self, request: Any, context: Any) -> pb.AnswerPulseResponse:
        self._shelf.hear(request)
        self._held.pulse.may_answer = False
        return pb.AnswerPulseResponse()

    def GetPulse(self, request: Any, context: Any) -> pb.GetPulseResponse:
        self._shelf.hear(request)
        return self._held.pulse

    def GetRegion(self, request: Any, context: Any) -> pb.GetRegionResponse:
        self._shelf.hear(request)
        return self._held.region
