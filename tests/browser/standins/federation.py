"""Federation as the pages meet it."""

from typing import TYPE_CHECKING, Any

from fosse.federation.v1 import federation_pb2 as federation
from fosse.federation.v1 import federation_pb2_grpc
from services.common.errors import NotFound
from tests.browser import world

if TYPE_CHECKING:
    from tests.browser.standins.node import Node


class Federation(federation_pb2_grpc.FederationServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf = node.shelf

    def ListNodes(self, request: Any, context: Any) -> federation.ListNodesResponse:
        return federation.ListNodesResponse(nodes=world.NODES)

    def GetFederationStatus(self, request: Any, context: Any) -> federation.GetFederationStatusResponse:
        self._shelf.hear(request)
        return self._shelf.status

    def GetProvenance(self, request: Any, context: Any) -> federation.GetProvenanceResponse:
        self._shelf.hear(request)
        if self._shelf.provenance is None:
            raise NotFound("Nothing of this came from another node.")
        return self._shelf.provenance

    def PreviewReaders(self, request: Any, context: Any) -> federation.PreviewReadersResponse:
        self._shelf.hear(request)
        counties = [one for one in world.NODES if not one.hub and not one.self]
        seen = (
            [one for one in counties if not request.node_ids or one.node_id in request.node_ids]
            if request.audience > 2
            else []
        )
        sentence = f"Visible to {len(seen)} other counties, never public." if seen else "It never leaves this node."
        return federation.PreviewReadersResponse(nodes=seen, sentence=sentence)

    def ListQuarantine(self, request: Any, context: Any) -> federation.ListQuarantineResponse:
        self._shelf.hear(request)
        return federation.ListQuarantineResponse(quarantined=self._shelf.quarantined)

    def RequestEnrolment(self, request: Any, context: Any) -> federation.RequestEnrolmentResponse:
        self._shelf.hear(request)
        self._shelf.status.enrolment = federation.ENROLMENT_STATE_ASKED
        return federation.RequestEnrolmentResponse(fingerprint_words=world.WORDS_OF_KEY)

    def CreateEnrolmentCode(self, request: Any, context: Any) -> federation.CreateEnrolmentCodeResponse:
        self._shelf.hear(request)
        return federation.CreateEnrolmentCodeResponse(code="lark-7214-stone-9083", expires_at=world.days(-1))

    def ApproveNewcomer(self, request: Any, context: Any) -> federation.ApproveNewcomerResponse:
        self._shelf.hear(request)
        del self._shelf.status.newcomers[:]
        return federation.ApproveNewcomerResponse(node=world.NODES[3])

    def DeclineNewcomer(self, request: Any, context: Any) -> federation.DeclineNewcomerResponse:
        self._shelf.hear(request)
        del self._shelf.status.newcomers[:]
        return federation.DeclineNewcomerResponse()
