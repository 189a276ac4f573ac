"""What evaluation does by itself: figures are counted, pulses close, the hub is told."""

from collections.abc import Mapping
from datetime import datetime

from fosse.federation.v1 import entry_pb2, federation_pb2
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.common.timetable import Due, Job
from services.evaluation.domain.region import Node
from services.evaluation.usecases import counting, hearing, pulses, telling
from services.evaluation.usecases.hearing import MEETING_BEGINS, PULSE_CLOSES

_LOOK_AGAIN_S = 5.0
_VISIBLE = frozenset({entry_pb2.NODE_STATUS_ACTIVE, entry_pb2.NODE_STATUS_MUTED})


def jobs(db: Database, clock: Clock) -> Mapping[str, Job]:
    def meeting_begins(row: Due) -> datetime | None:
        with db.write() as conn:
            hearing.meeting_begins(conn, row.key)
        return None

    def pulse_closes(row: Due) -> datetime | None:
        pulses.close(db, row.key, clock())
        return None

    return {MEETING_BEGINS: meeting_begins, PULSE_CLOSES: pulse_closes}


class Counting:
    """Counts what facts have touched."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def step(self) -> float:
        """Returns the seconds to wait."""
        with self._db.only_one("figures") as mine:
            counted = counting.count_marked(self._db, self._clock()) if mine else 0
        return 0.0 if counted == counting.AT_ONCE else _LOOK_AGAIN_S


class Telling:
    """Keeps the list of nodes, and tells the hub what changed since it was last told.

    Not woken by figures: a hundred facts in a second shall be one number that travels, not a hundred.
    """

    def __init__(self, db: Database, clock: Clock, channels: Channels, every_s: float) -> None:
        self._db = db
        self._clock = clock
        self._channels = channels
        self._every_s = every_s

    def step(self) -> float:
        """Returns the seconds to wait."""
        with self._db.only_one("telling") as mine:
            if mine:
                self._tell()
        return self._every_s

    def _tell(self) -> None:
        federation = self._channels.stub(FederationStub, "federation")
        try:
            cards = federation.ListNodes(federation_pb2.ListNodesRequest()).nodes
        except (Away, Refusal):
            # What is known of the region stands meanwhile.
            return
        known = [Node(card.node_id, card.self, card.hub, card.status in _VISIBLE) for card in cards]
        telling.know_nodes(self._db, known)
        telling.tell_region(self._db, self._clock())
