"""The doors of evaluation for pages and the API: unpack, one use case, pack."""

from typing import Any

from fosse.evaluation.v1 import evaluation_pb2 as pb
from fosse.evaluation.v1 import evaluation_pb2_grpc
from services.common import access
from services.common.clock import Clock
from services.common.database import Database
from services.common.ids import new_id
from services.evaluation.domain.pulse import answer
from services.evaluation.messages import shown
from services.evaluation.usecases import counting, pulses, reading, region
from services.evaluation.usecases.reading import Asked


class Evaluation(evaluation_pb2_grpc.EvaluationServicer):
    """What the month adds up to."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def ListIndicators(self, request: pb.ListIndicatorsRequest, context: Any) -> pb.ListIndicatorsResponse:
        months, found = reading.list_indicators(
            self._db,
            request.community_id,
            Asked(request.until, request.months),
            person=access.person(context),
            now=self._clock(),
        )
        series = [shown.series(each.indicator, each.figures, each.sentence) for each in found]
        return pb.ListIndicatorsResponse(months=months, series=series)

    def GetIndicator(self, request: pb.GetIndicatorRequest, context: Any) -> pb.GetIndicatorResponse:
        months, found, behind = reading.get_indicator(
            self._db,
            request.community_id,
            Asked(request.until, request.months),
            code=request.indicator,
            person=access.person(context),
            now=self._clock(),
        )
        series = shown.series(found.indicator, found.figures, found.sentence)
        return pb.GetIndicatorResponse(months=months, series=series, facts=shown.figure(behind))

    def RecomputeIndicators(
        self, request: pb.RecomputeIndicatorsRequest, context: Any
    ) -> pb.RecomputeIndicatorsResponse:
        found = counting.recompute(self._db, self._clock())
        return pb.RecomputeIndicatorsResponse(facts=found.facts, figures=found.figures, differences=found.differences)

    def AnswerPulse(self, request: pb.AnswerPulseRequest, context: Any) -> pb.AnswerPulseResponse:
        pulses.answer(
            self._db,
            new_id(),
            answer(request.worth, request.change, request.better),
            meeting_id=request.meeting_id,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.AnswerPulseResponse()

    def GetPulse(self, request: pb.GetPulseRequest, context: Any) -> pb.GetPulseResponse:
        person = access.person(context)
        return shown.pulse(pulses.get(self._db, request.meeting_id, person=person, now=self._clock()))

    def GetRegion(self, request: pb.GetRegionRequest, context: Any) -> pb.GetRegionResponse:
        found = region.get_region(self._db, Asked(request.until, request.months), self._clock())
        return pb.GetRegionResponse(
            hub=found.hub,
            months=found.months,
            series=[shown.region(each) for each in found.series],
            missing_node_ids=found.missing,
        )
