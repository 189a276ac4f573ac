"""Federation's rpcs for this node's own pages and people."""

from collections.abc import Callable
from typing import Any

from fosse.federation.v1 import federation_pb2 as pb
from fosse.federation.v1 import federation_pb2_grpc
from services.common import access, pages
from services.common.instants import stamp
from services.federation import messages
from services.federation.domain.proof import Asking
from services.federation.domain.standing import Enrolment
from services.federation.gate import SigningGate
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads, enrolment, leaving, looking


class Federation(federation_pb2_grpc.FederationServicer):
    """`door_address`: what a newcomer is told to dial; known once the door listens."""

    def __init__(self, node: ThisNode, gate: SigningGate, door_address: Callable[[], str]) -> None:
        self._node = node
        self._gate = gate
        self._door_address = door_address

    def GetFederationStatus(
        self, request: pb.GetFederationStatusRequest, context: Any
    ) -> pb.GetFederationStatusResponse:
        return messages.status(self._node, looking.status(self._node, self._gate))

    def ListNodes(self, request: pb.ListNodesRequest, context: Any) -> pb.ListNodesResponse:
        found = looking.nodes(self._node.db)
        return pb.ListNodesResponse(nodes=[messages.card(node, self._node.id) for node in found])

    def PreviewReaders(self, request: pb.PreviewReadersRequest, context: Any) -> pb.PreviewReadersResponse:
        nodes, sentence = looking.preview(self._node, request.audience, request.node_ids)
        return pb.PreviewReadersResponse(
            nodes=[messages.card(node, self._node.id) for node in nodes], sentence=sentence
        )

    def GetProvenance(self, request: pb.GetProvenanceRequest, context: Any) -> pb.GetProvenanceResponse:
        found = looking.provenance(self._node, request.item_id, access.maybe_person(context))
        return messages.provenance(found, self._node.id)

    def ListQuarantine(self, request: pb.ListQuarantineRequest, context: Any) -> pb.ListQuarantineResponse:
        size = pages.page_size(request.page_size)
        before = pages.decode_token(request.page_token, int)
        found = looking.set_aside(self._node.db, before[0] if before else None, size)
        token = pages.encode_token(found[-1].number) if len(found) == size else ""
        return pb.ListQuarantineResponse(
            quarantined=[messages.quarantined(one) for one in found], next_page_token=token
        )

    def TakeAuditHeads(self, request: pb.TakeAuditHeadsRequest, context: Any) -> pb.TakeAuditHeadsResponse:
        return pb.TakeAuditHeadsResponse(asked=audit_heads.ask_now(self._node))

    def ListAuditHeads(self, request: pb.ListAuditHeadsRequest, context: Any) -> pb.ListAuditHeadsResponse:
        found, last = audit_heads.listed(self._node, request.node_id, request.after)
        return messages.audit_heads(self._node, found, audit_heads.next_of(found), last)

    def RequestEnrolment(self, request: pb.RequestEnrolmentRequest, context: Any) -> pb.RequestEnrolmentResponse:
        asked = enrolment.ask_hub(
            self._node.db,
            hub_address=request.hub_address,
            code=request.code,
            who=access.asker(context),
            now=self._node.clock(),
        )
        return pb.RequestEnrolmentResponse(fingerprint_words=asked.words)

    def LeaveRegion(self, request: pb.LeaveRegionRequest, context: Any) -> pb.LeaveRegionResponse:
        who, now = access.asker(context), self._node.clock()
        leaving.begin(self._node, withdraw=request.withdraw, who=who, now=now)
        return pb.LeaveRegionResponse()

    def CreateEnrolmentCode(
        self, request: pb.CreateEnrolmentCodeRequest, context: Any
    ) -> pb.CreateEnrolmentCodeResponse:
        code, expires_at = enrolment.create_code(self._node, request.id, access.asker(context), self._node.clock())
        return pb.CreateEnrolmentCodeResponse(code=code, expires_at=stamp(expires_at))

    def ReceiveEnrolment(self, request: pb.ReceiveEnrolmentRequest, context: Any) -> pb.ReceiveEnrolmentResponse:
        keys = (request.signing_key, request.sealing_key, request.certificate_request)
        asking = Asking(request.code, request.slug, request.name, *keys)
        newcomer, secret = enrolment.receive(self._node, asking, request.proof, self._node.clock())
        return pb.ReceiveEnrolmentResponse(
            enrolment_id=newcomer.enrolment_id, collect_secret=secret, fingerprint_words=newcomer.words
        )

    def CollectEnrolment(self, request: pb.CollectEnrolmentRequest, context: Any) -> pb.CollectEnrolmentResponse:
        newcomer, registry = enrolment.collect(self._node, request.enrolment_id, request.collect_secret)
        answer = pb.CollectEnrolmentResponse(state=messages.STATE[newcomer.state])
        if newcomer.state is Enrolment.ENROLLED and self._node.authority and registry:
            answer.certificate = newcomer.certificate
            answer.authority = self._node.authority.der
            answer.door_address = self._door_address()
            answer.registry.CopyFrom(registry)
        return answer

    def ApproveNewcomer(self, request: pb.ApproveNewcomerRequest, context: Any) -> pb.ApproveNewcomerResponse:
        admitted = enrolment.approve(
            self._node, request.enrolment_id, request.fingerprint_words, access.asker(context), self._node.clock()
        )
        return pb.ApproveNewcomerResponse(node=messages.card(admitted, self._node.id))

    def DeclineNewcomer(self, request: pb.DeclineNewcomerRequest, context: Any) -> pb.DeclineNewcomerResponse:
        enrolment.decline(self._node, request.enrolment_id, access.asker(context), self._node.clock())
        return pb.DeclineNewcomerResponse()
