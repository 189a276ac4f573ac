"""Puts evaluation together."""

from fosse.common.v1 import shareable_pb2_grpc
from fosse.evaluation.v1 import evaluation_pb2_grpc
from services.common.loops import Loop
from services.common.service import Floor, Service, add_to
from services.evaluation.consumer import consumer
from services.evaluation.jobs import Counting, Telling, jobs
from services.evaluation.rpc import Evaluation
from services.evaluation.settings import Settings
from services.evaluation.shareable import Shareable
from services.evaluation.store.figures import STALE
from services.evaluation.store.tables import METADATA

NAME = "evaluation"


def build(floor: Floor, settings: Settings) -> Service:
    counting = Loop("evaluation-count", Counting(floor.db, floor.clock).step)
    telling = Telling(floor.db, floor.clock, floor.channels, settings.tell_every_s)
    floor.db.when(STALE, counting.wake)
    people, federation = Evaluation(floor.db, floor.clock), Shareable(floor.db, floor.clock)
    return Service(
        NAME,
        [
            add_to(evaluation_pb2_grpc.add_EvaluationServicer_to_server, people),
            add_to(shareable_pb2_grpc.add_ShareableServicer_to_server, federation),
        ],
        METADATA,
        consumers=[consumer(floor.clock)],
        jobs=jobs(floor.db, floor.clock),
        loops=[counting, Loop("evaluation-tell", telling.step)],
    )
