"""A county of the demo joins its hub, by the calls behind the operators' commands."""

from fosse.federation.v1 import federation_pb2 as pb
from services.common.ids import new_id
from services.node import calling
from services.node.demo.region import RunningNode
from services.node.demo.waiting import TookTooLong, until
from services.node.demo.world import County

_ENROL_S = 30.0


def enrol(hub_node: RunningNode, node: RunningNode) -> None:
    """What two operators do: a code, a question, words compared, approval. Safe to repeat at any point."""
    with calling.running(hub_node.folder.path) as hub, calling.running(node.folder.path) as county:
        state = county.federation.GetFederationStatus(pb.GetFederationStatusRequest()).enrolment
        if state == pb.ENROLMENT_STATE_ENROLLED:
            return
        if state != pb.ENROLMENT_STATE_ASKED:
            code = hub.federation.CreateEnrolmentCode(pb.CreateEnrolmentCodeRequest(id=new_id())).code
            county.federation.RequestEnrolment(pb.RequestEnrolmentRequest(hub_address=hub_node.address, code=code))
        _approve(hub, county, node.county)
        until(lambda: _state(county) == pb.ENROLMENT_STATE_ENROLLED, _ENROL_S, f"The admission of {node.county.name}")


def _approve(hub: calling.Node, county: calling.Node, known: County) -> None:
    asked = until(lambda: _newcomer(hub, known.id) or _is_in(county), _ENROL_S, f"The question of {known.name}")
    if not isinstance(asked, pb.Newcomer):
        return
    words = county.federation.GetFederationStatus(pb.GetFederationStatusRequest()).fingerprint_words
    if words != asked.fingerprint_words:
        raise TookTooLong(f"{known.name} shows “{words}” and the hub “{asked.fingerprint_words}”: not the same node.")
    hub.federation.ApproveNewcomer(pb.ApproveNewcomerRequest(enrolment_id=asked.enrolment_id, fingerprint_words=words))


def _newcomer(hub: calling.Node, slug: str) -> pb.Newcomer | None:
    found = hub.federation.GetFederationStatus(pb.GetFederationStatusRequest()).newcomers
    return next((each for each in found if each.slug == slug), None)


def _is_in(county: calling.Node) -> bool:
    return _state(county) == pb.ENROLMENT_STATE_ENROLLED


def _state(node: calling.Node) -> int:
    return node.federation.GetFederationStatus(pb.GetFederationStatusRequest()).enrolment
