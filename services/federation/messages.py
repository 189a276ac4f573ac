"""Domain objects of federation as its own people and pages see them."""

from collections.abc import Sequence

from fosse.federation.v1 import federation_pb2 as pb
from services.common.instants import stamp
from services.federation.domain.copies import SetAside
from services.federation.domain.newcomer import Newcomer
from services.federation.domain.registry import KnownNode
from services.federation.domain.standing import Enrolment
from services.federation.domain.views import HeldOf, Provenance, Status
from services.federation.store.audit_heads import KeptHead, Round
from services.federation.this_node import ThisNode

STATE = {
    Enrolment.ALONE: pb.ENROLMENT_STATE_ALONE,
    Enrolment.ASKED: pb.ENROLMENT_STATE_ASKED,
    Enrolment.ENROLLED: pb.ENROLMENT_STATE_ENROLLED,
    Enrolment.DECLINED: pb.ENROLMENT_STATE_DECLINED,
    Enrolment.EXPIRED: pb.ENROLMENT_STATE_EXPIRED,
    Enrolment.WITHDRAWING: pb.ENROLMENT_STATE_LEAVING,
    Enrolment.LEAVING: pb.ENROLMENT_STATE_LEAVING,
    Enrolment.LEFT: pb.ENROLMENT_STATE_LEFT,
}


def status(node: ThisNode, found: Status) -> pb.GetFederationStatusResponse:
    own = found.registry.node(node.id) if found.registry else None
    return pb.GetFederationStatusResponse(
        node_id=node.id,
        slug=own.slug if own else node.slug,
        name=own.name if own else node.name,
        hub=node.is_hub,
        enrolment=STATE[found.enrolment],
        hub_address=found.standing.hub_address,
        fingerprint_words=found.standing.words,
        last_contact=stamp(found.standing.last_contact),
        problem=found.standing.problem,
        signing=found.signing,
        unsent=found.unsent,
        held=[_held(one) for one in found.held],
        newcomers=[newcomer(one) for one in found.newcomers],
        certificate_expires=stamp(found.certificate_expires),
        registry_expires=stamp(found.registry.expires_at) if found.registry else None,
        registry_version=found.registry.version if found.registry else 0,
        alarms=found.alarms,
    )


def audit_heads(
    node: ThisNode, found: Sequence[KeptHead], following: int, last: Round | None
) -> pb.ListAuditHeadsResponse:
    return pb.ListAuditHeadsResponse(
        heads=[head.signed for head in found],
        next=following,
        asked=last.asked if last else 0,
        taken_at=stamp(last.taken_at) if last else None,
        compared_at=stamp(last.compared_at) if last else None,
        problem=last.problem if last else "",
        public_key=node.signer.public_key,
        own_node_id=node.id,
    )


def newcomer(one: Newcomer) -> pb.Newcomer:
    return pb.Newcomer(
        enrolment_id=one.enrolment_id,
        slug=one.slug,
        name=one.name,
        fingerprint_words=one.words,
        asked_at=stamp(one.asked_at),
    )


def card(node: KnownNode, own_id: str) -> pb.NodeCard:
    return pb.NodeCard(
        node_id=node.id, slug=node.slug, name=node.name, hub=node.hub, self=node.id == own_id, status=node.status
    )


def provenance(found: Provenance, own_id: str) -> pb.GetProvenanceResponse:
    return pb.GetProvenanceResponse(
        item_id=found.header.item,
        origin=card(found.origin, own_id),
        stream=found.header.stream,
        item_version=found.header.item_version,
        signed_at=found.header.time,
        key_id=found.header.key_id,
        signature_valid=found.signature_valid,
        entry_hash=found.entry_hash.hex(),
        origin_last_heard=stamp(found.last_heard),
    )


def quarantined(one: SetAside) -> pb.Quarantined:
    return pb.Quarantined(
        node_id=one.node, stream=one.stream, seq=one.seq, item_id=one.item, reason=one.reason, at=stamp(one.at)
    )


def _held(one: HeldOf) -> pb.Held:
    return pb.Held(
        node_id=one.node.id,
        slug=one.node.slug,
        name=one.node.name,
        status=one.node.status,
        items_held=one.items_held,
        items_live=one.items_live,
        files_missing=one.files_missing,
        last_heard=stamp(one.last_heard),
        quarantined=one.quarantined,
        waiting_for_upgrade=one.waiting,
        alarms=one.alarms,
    )
