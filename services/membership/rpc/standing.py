"""The gRPC door of the operator's commands about one member."""

from typing import Any

from fosse.membership.v1 import standing_pb2 as pb
from fosse.membership.v1 import standing_pb2_grpc as pb_grpc
from services.common import access
from services.common.clock import Clock
from services.common.database import Database
from services.membership.messages import standing as messages
from services.membership.usecases import standing


class Standing(pb_grpc.StandingServicer):
    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def DescribeMember(self, request: pb.DescribeMemberRequest, context: Any) -> pb.DescribeMemberResponse:
        return messages.described_out(standing.describe(self._db, request.member_id))

    def ChangeRoles(self, request: pb.ChangeRolesRequest, context: Any) -> pb.ChangeRolesResponse:
        how = messages.roles_in(request)
        changed = standing.change(
            self._db, request.member_id, how, "roles changed", asker=access.asker(context), now=self._clock()
        )
        return pb.ChangeRolesResponse(version=changed.version)

    def ChangeStanding(self, request: pb.ChangeStandingRequest, context: Any) -> pb.ChangeStandingResponse:
        how, action = messages.standing_in(request)
        changed = standing.change(
            self._db, request.member_id, how, action.value, asker=access.asker(context), now=self._clock()
        )
        return pb.ChangeStandingResponse(version=changed.version)
