"""Figures as rpcs answer them: everything in here has been disclosed."""

from collections.abc import Iterable, Sequence

from fosse.evaluation.v1 import evaluation_pb2 as pb
from services.evaluation.domain.disclosure import Figure
from services.evaluation.domain.indicators import Indicator
from services.evaluation.domain.pulse import Shown
from services.evaluation.domain.region import RegionSeries


def figure(of: Figure) -> pb.Figure:
    return pb.Figure(number=of.number, hidden=of.hidden, reason=of.reason)


def indicator(of: Indicator) -> pb.Indicator:
    return pb.Indicator(
        code=of.code,
        name=of.name,
        definition=of.definition,
        people=of.people,
        counted_from=of.counted_from,
        at_month_end=of.at_month_end,
    )


def series(of: Indicator, figures: Sequence[Figure], sentence: str) -> pb.Series:
    return pb.Series(indicator=indicator(of), figures=_figures(figures), sentence=sentence)


def region(of: RegionSeries) -> pb.RegionSeries:
    counties = [pb.CountyFigures(node_id=node, figures=_figures(row)) for node, row in of.counties.items()]
    return pb.RegionSeries(region=series(of.indicator, of.region, of.sentence), counties=counties)


def pulse(of: Shown) -> pb.GetPulseResponse:
    return pb.GetPulseResponse(
        asked=of.asked,
        open=of.open,
        asked_of=figure(of.asked_of),
        answered=figure(of.answered),
        worth=_figures(of.worth),
        change=_figures(of.change),
        better=of.better,
        sentence=of.sentence,
        may_answer=of.may_answer,
    )


def _figures(of: Iterable[Figure]) -> list[pb.Figure]:
    return [figure(each) for each in of]
