"""Puts events together: its doors, and what it does in the background."""

from fosse.events.v1 import events_pb2_grpc, minutes_pb2_grpc
from services.common.service import Floor, Service, add_to
from services.events.jobs import Forgetting
from services.events.rpc.meetings import Meetings
from services.events.rpc.minutes import Minutes
from services.events.settings import Settings
from services.events.store.tables import METADATA
from services.events.usecases.arranging import FORGET_NEEDS

NAME = "events"


def build(floor: Floor, settings: Settings) -> Service:
    return Service(
        name=NAME,
        servicers=(
            add_to(events_pb2_grpc.add_MeetingsServicer_to_server, Meetings(floor.db, floor.clock)),
            add_to(minutes_pb2_grpc.add_MinutesServicer_to_server, Minutes(floor.db, floor.clock)),
        ),
        tables=METADATA,
        jobs={FORGET_NEEDS: Forgetting(floor.db, floor.clock).needs},
    )
