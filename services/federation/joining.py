"""The loop that carries a county's wish to join to the hub's web door, and asks there until a person has decided."""

import logging

from fosse.federation.v1 import federation_pb2 as pb
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.federation.domain.standing import Enrolment, Standing
from services.federation.store import standing
from services.federation.sync.hub_web import Refused, post
from services.federation.sync.proxy import Proxy
from services.federation.this_node import ThisNode
from services.federation.usecases import enrolment
from services.federation.usecases.enrolment import Answer

log = logging.getLogger(__name__)
_TURNED_AWAY = "The hub's operator turned this node away. Speak with them, then ask again."
_ASK_AGAIN_S = 1.0
_SLOWLY_S = 15.0
_NOTHING_TO_DO_S = 300.0
_ASKS_QUICKLY = 600


class Joining:
    def __init__(self, node: ThisNode, proxy: Proxy | None) -> None:
        self._node = node
        self._proxy = proxy
        self._asked = 0

    def step(self) -> float:
        """One call to the hub's web door, if there is one to make; returns the seconds to wait."""
        with self._node.db.read() as conn:
            known = standing.get(conn)
        if known is None or known.state is not Enrolment.ASKED:
            self._asked = 0
            return _NOTHING_TO_DO_S
        self._asked += 1
        try:
            self._collect(known) if known.enrolment_id else self._ask(known)
        except Refused as refusal:
            enrolment.note_refused(self._node.db, refusal.sentence)
        except (Away, Refusal) as trouble:
            with self._node.db.write() as conn:
                standing.note_problem(conn, str(trouble))
        return _ASK_AGAIN_S if self._asked < _ASKS_QUICKLY else _SLOWLY_S

    def _ask(self, known: Standing) -> None:
        asking, proof = enrolment.request_of(self._node, known.code)
        request = pb.ReceiveEnrolmentRequest(
            code=asking.code,
            slug=asking.slug,
            name=asking.name,
            signing_key=asking.signing_key,
            sealing_key=asking.sealing_key,
            certificate_request=asking.certificate_request,
            proof=proof,
        )
        path, kind = "/api/v1/enrolments", pb.ReceiveEnrolmentResponse
        answer = post(known.hub_address, path, request, kind, proxy=self._proxy)
        enrolment.note_asked(self._node.db, answer.enrolment_id, answer.collect_secret)

    def _collect(self, known: Standing) -> None:
        request = pb.CollectEnrolmentRequest(enrolment_id=known.enrolment_id, collect_secret=known.collect_secret)
        path = f"/api/v1/enrolments/{known.enrolment_id}:collect"
        answer = post(known.hub_address, path, request, pb.CollectEnrolmentResponse, proxy=self._proxy)
        if answer.state == pb.ENROLMENT_STATE_DECLINED:
            enrolment.note_refused(self._node.db, _TURNED_AWAY)
        elif answer.state == pb.ENROLMENT_STATE_ENROLLED:
            given = Answer(answer.certificate, answer.authority, answer.door_address, answer.registry)
            enrolment.join(self._node, given, self._node.clock())
            log.info("joined the region")
