"""A running node as its operator sees it: calls over the private sockets of its data folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.evaluation.v1.evaluation_pb2_grpc import EvaluationStub
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from fosse.membership.v1.importing_pb2_grpc import ImportingStub
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from fosse.membership.v1.standing_pb2_grpc import StandingStub
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common.channels import Channels
from services.common.errors import Conflict
from services.common.rpc_errors import NO_DATABASE, Away
from services.common.wires import MutualTls, Sockets, Wires
from services.node import settings
from services.node.folder import Folder

_PATIENCE_S = 20.0
_LONG_PATIENCE_S = 90.0
S = TypeVar("S")


class Node:
    """Stubs that call as the workload `operator`."""

    def __init__(self, channels: Channels) -> None:
        self._channels = channels

    @property
    def membership(self) -> MembershipStub:
        return self._stub(MembershipStub, "membership")

    @property
    def federation(self) -> FederationStub:
        return self._stub(FederationStub, "federation")

    @property
    def importing(self) -> ImportingStub:
        return self._stub(ImportingStub, "membership")

    @property
    def standing(self) -> StandingStub:
        return self._stub(StandingStub, "membership")

    @property
    def evaluation(self) -> EvaluationStub:
        # Everything is counted anew within one answer.
        return self._stub(EvaluationStub, "evaluation", _LONG_PATIENCE_S)

    @property
    def resources(self) -> ResourcesStub:
        # The index is made anew within one answer.
        return self._stub(ResourcesStub, "resource", _LONG_PATIENCE_S)

    def housekeeping(self, service: str) -> HousekeepingStub:
        return self._stub(HousekeepingStub, service)

    def auditing(self, service: str) -> HousekeepingStub:
        # A whole trail is walked within one answer.
        return self._stub(HousekeepingStub, service, _LONG_PATIENCE_S)

    def _stub(self, make: Callable[[Any], S], service: str, patience_s: float = _PATIENCE_S) -> S:
        return self._channels.stub(make, service, patience_s)


@contextmanager
def running(data: Path) -> Iterator[Node]:
    """The node that runs on this folder; raises a refusal with a sentence when none does, or it does not answer."""
    channels = Channels(_wires(data), "operator")
    try:
        yield Node(channels)
    except Away as away:
        if str(away) == NO_DATABASE:
            raise Conflict("The node runs, but its database does not answer. Nothing was changed.") from away
        raise Conflict(
            "The node does not answer. It may be starting or stopping; look at what it printed, then try again."
        ) from away
    finally:
        channels.close()


def _wires(data: Path) -> Wires:
    """Of a deployed node the operator has a certificate, of one on this machine its folder."""
    tls_dir = settings.load({"data": data}).tls_dir
    return MutualTls(tls_dir) if tls_dir else Sockets(Folder(data).running_sockets())
