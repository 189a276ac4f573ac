"""Minutes, over rpc."""

from typing import Any

from fosse.events.v1 import minutes_pb2 as pb
from fosse.events.v1 import minutes_pb2_grpc
from services.common import access
from services.common.clock import Clock
from services.common.database import Database
from services.events.messages import shown
from services.events.usecases import minutes


class Minutes(minutes_pb2_grpc.MinutesServicer):
    """What was talked about at a meeting."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def GetMinutes(self, request: pb.GetMinutesRequest, context: Any) -> pb.GetMinutesResponse:
        seen = minutes.get(self._db, request.meeting_id, access.maybe_person(context))
        return pb.GetMinutesResponse(
            editions=[shown.edition(each) for each in seen.editions],
            draft=shown.minutes_words(seen.draft.words) if seen.draft else None,
            draft_version=seen.draft.version if seen.draft else 0,
            may_change=seen.may_change,
        )

    def SaveMinutes(self, request: pb.SaveMinutesRequest, context: Any) -> pb.SaveMinutesResponse:
        saved = minutes.save(
            self._db,
            request.meeting_id,
            expected_version=request.expected_version,
            words=shown.minutes_words_of(request.words),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.SaveMinutesResponse(draft=shown.minutes_words(saved.words), draft_version=saved.version)

    def TestMinutes(self, request: pb.TestMinutesRequest, context: Any) -> pb.TestMinutesResponse:
        minutes.test(
            self._db, request.id, meeting_id=request.meeting_id, person=access.person(context), now=self._clock()
        )
        return pb.TestMinutesResponse()

    def PublishMinutes(self, request: pb.PublishMinutesRequest, context: Any) -> pb.PublishMinutesResponse:
        published = minutes.publish(
            self._db,
            request.meeting_id,
            expected_version=request.expected_version,
            mail=request.mail,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.PublishMinutesResponse(edition=shown.edition(published))
