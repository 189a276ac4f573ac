"""The round that is made each hour, or when an operator asks: how far does the audit trail of each service reach?

A trail is asked for over `Housekeeping`, signed with this node's key, and lodged at the hub. A service or a hub that
gives no answer keeps nothing else waiting; it has its turn in the next round.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

import grpc

from fosse.common.v1 import housekeeping_pb2 as pb
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from services.common.channels import Channels
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.common.timetable import Due
from services.common.topics import SERVICES
from services.federation.store.audit_heads import Round
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads
from services.federation.usecases.audit_heads import COMPARE, Trail

_ASK_S = 5.0
Exchange = Callable[[bool], bool]
"""With the hub, True to fetch all that it keeps; answers whether there is a hub."""


class Auditing:
    """`exchange` is None at the hub: nobody keeps its heads but itself."""

    def __init__(self, node: ThisNode, channels: Channels, every: timedelta, exchange: Exchange | None) -> None:
        self._node = node
        self._channels = channels
        self._every = every
        self._exchange = exchange

    def run(self, row: Due) -> datetime | None:
        """The hourly round, or one that somebody asked for, which fetches all that the hub keeps."""
        asked = row.kind == COMPARE
        now = self._node.clock()
        trails, silent = self._trails()
        wrong = audit_heads.sign(self._node, trails, now)
        problem = f"No answer from {', '.join(sorted(silent))}." if silent else ""
        compared, hubs_problem = self._with_hub(asked)
        problems = " ".join(filter(None, (problem, hubs_problem)))
        done = Round(int(asked), now, now if compared else None, problems, "\n".join(wrong))
        audit_heads.note_round(self._node, done)
        return None if asked else now + self._every

    def _trails(self) -> tuple[dict[str, Trail], list[str]]:
        """Of each service that answers, and the names of those that do not."""
        places = audit_heads.places_to_look_at(self._node)
        trails, silent = dict[str, Trail](), list[str]()
        for service in SERVICES:
            stub = self._channels.stub(HousekeepingStub, service, _ASK_S)
            try:
                found = stub.GetAuditSeals(pb.GetAuditSealsRequest(places=[places.get(service, 0)]))
            # An older one does not know the call yet.
            except (Refusal, Away, grpc.RpcError):
                silent.append(service)
            else:
                trails[service] = Trail(found.count, found.seal, dict(found.seals))
        return trails, silent

    def _with_hub(self, compare: bool) -> tuple[bool, str]:
        """Whether the hub's heads were all fetched, and what kept it from that."""
        try:
            there = self._exchange is not None and self._exchange(compare)
        except Refusal as refusal:
            return False, refusal.sentence
        except Away:
            return False, "The hub does not answer."
        return there and compare, ""
