"""How a county joins: it asks with a one-time code, two people compare words, the hub lets it in."""

import hmac
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from fosse.federation.v1 import entry_pb2
from fosse.federation.v1 import facts_pb2 as said
from services.common import audit, facts
from services.common.access import Person
from services.common.database import Database
from services.common.errors import Conflict, NotAllowed, NotFound, Refusal
from services.federation.authority import check_given, expires_at, spki_of_request
from services.federation.domain import codes
from services.federation.domain.codes import Code
from services.federation.domain.newcomer import Newcomer, check_name
from services.federation.domain.proof import Asking, check_proof, prove
from services.federation.domain.registry import KnownNode
from services.federation.domain.signing import node_id_of
from services.federation.domain.standing import Enrolment, Standing, check_door_address, checked_hub_address
from services.federation.domain.words import fingerprint
from services.federation.keys import refuse_sample
from services.federation.store import enrolments, registries
from services.federation.store import standing as rows
from services.federation.this_node import ThisNode
from services.federation.usecases import standing as joining

_NOT_A_HUB = "This node is not a hub, so nobody can enrol with it. Ask at the address of your region's hub."


@dataclass(frozen=True)
class Answer:
    """What the hub gives a node that it lets in. Certificates in DER."""

    certificate: bytes
    authority: bytes
    door_address: str
    registry: entry_pb2.SignedRegistry


# At a county.


def ask_hub(db: Database, *, hub_address: str, code: str, who: Person | str, now: datetime) -> Standing:
    """Notes the wish; a loop carries it to the hub and asks for the answer."""
    address = checked_hub_address(hub_address)
    with db.write() as conn:
        known = _standing(rows.get(conn))
        known.may_ask(bool(known.certificate) and expires_at(known.certificate) <= now)
        afresh = replace(known, enrolment_id="", collect_secret="", problem="")
        asked = replace(afresh, state=Enrolment.ASKED, hub_address=address, code=code.strip())
        rows.save(conn, asked)
        audit.add(conn, who, "asked to enrol", known.node_id, now)
        return asked


def request_of(node: ThisNode, code: str) -> tuple[Asking, bytes]:
    """What the hub is shown, with the proof that this node holds the keys."""
    request = node.keys.certificate_request()
    asking = Asking(code, node.slug, node.name, node.signer.public_key, node.keys.sealing_public, request)
    return asking, prove(node.signer, asking)


def note_asked(db: Database, enrolment_id: str, collect_secret: str) -> None:
    """The hub has our request: the code has done its work."""
    with db.write() as conn:
        known = _standing(rows.get(conn))
        rows.save(conn, replace(known, code="", enrolment_id=enrolment_id, collect_secret=collect_secret, problem=""))


def note_refused(db: Database, sentence: str) -> None:
    """The hub does not want us, or not with this code: a person must ask again."""
    with db.write() as conn:
        known = _standing(rows.get(conn))
        rows.save(conn, replace(known, state=Enrolment.DECLINED, code="", collect_secret="", problem=sentence))


def join(node: ThisNode, answer: Answer, now: datetime) -> None:
    """The hub has let us in; raises `Invalid` when what it gave cannot be used, or its list of nodes does not hold."""
    check_given(answer.certificate, answer.authority, spki_of_request(node.keys.certificate_request()))
    check_door_address(answer.door_address)
    with node.db.write() as conn:
        known = _standing(rows.get(conn))
        held = joining.take_registry(conn, answer.registry)
        if held.node(known.node_id) is None:
            raise NotAllowed("The hub's answer does not name this node. Ask the hub's operator.")
        joined = replace(known, state=Enrolment.ENROLLED, collect_secret="", problem="", last_contact=now)
        opened = replace(joined, certificate=answer.certificate, authority=answer.authority)
        rows.save(conn, replace(opened, door_address=answer.door_address))
        facts.put(conn, said.NodeAdmitted(node_id=known.node_id, registry_version=held.version), known.node_id, now)
        audit.add(conn, "federation", "joined the region", known.node_id, now)


# At the hub.


def create_code(node: ThisNode, id_: str, who: Person | str, now: datetime) -> tuple[str, datetime]:
    """A code that is told once; the hub keeps only a hash."""
    _only_at_hub(node)
    letters = "".join(secrets.choice(codes.LETTERS) for _ in range(codes.LENGTH))
    locator, secret = codes.split(letters)
    code = Code(id_, locator, codes.hash_of(secret), now + codes.VALID_FOR)
    with node.db.write() as conn:
        enrolments.add_code(conn, code)
        audit.add(conn, who, "made an enrolment code", id_, now)
    return codes.shown(letters), code.expires_at


def receive(node: ThisNode, asking: Asking, proof: bytes, now: datetime) -> tuple[Newcomer, str]:
    """A county asks; returns it with the secret by which it collects the answer, told once."""
    _only_at_hub(node)
    check_name(asking.slug, asking.name)
    check_proof(asking, proof)
    for key in (asking.signing_key, asking.sealing_key):
        refuse_sample(key)
    words = fingerprint(asking.signing_key, asking.sealing_key, spki_of_request(asking.certificate_request))
    secret = secrets.token_urlsafe(32)
    newcomer = Newcomer(
        enrolment_id=secrets.token_hex(16),
        code_id="",
        collect_hash=_hashed(secret),
        slug=asking.slug,
        name=asking.name.strip(),
        signing_key=asking.signing_key,
        sealing_key=asking.sealing_key,
        certificate_request=asking.certificate_request,
        words=words,
        asked_at=now,
    )
    received = _spend_code(node.db, asking.code, newcomer, now)
    if isinstance(received, Refusal):
        raise received
    return received, secret


def _spend_code(db: Database, typed: str, newcomer: Newcomer, now: datetime) -> Newcomer | Refusal:
    """Uses the code up for this newcomer; a refusal is returned, not raised, so that the wrong guess stays counted."""
    locator, secret = codes.split(typed)
    with db.write() as conn:
        code = enrolments.code_at(conn, locator)
        if code is None:
            return codes.unknown(enrolments.count_unknown(conn, now))
        newcomer = replace(newcomer, code_id=code.id)
        known = enrolments.newcomer_with(conn, code.id)
        again = known is not None and known.is_asked_again_by(newcomer)
        refusal = code.refusal(secret, now, asked_again=again)
        if refusal:
            enrolments.count_wrong_secret(conn, code)
            return refusal
        return _receive_again(conn, known, newcomer) if known else _receive_first(conn, code, newcomer, now)


def _receive_first(conn: Connection, code: Code, newcomer: Newcomer, now: datetime) -> Newcomer:
    enrolments.use_code(conn, code, now)
    enrolments.add_newcomer(conn, newcomer)
    audit.add(conn, "gateway", "received an enrolment", newcomer.enrolment_id, now)
    return newcomer


def _receive_again(conn: Connection, known: Newcomer, asking: Newcomer) -> Newcomer:
    """Our answer was lost on the way: the same newcomer, with a new secret to collect by."""
    renewed = replace(known, collect_hash=asking.collect_hash)
    enrolments.save_newcomer(conn, renewed)
    return renewed


def collect(node: ThisNode, enrolment_id: str, secret: str) -> tuple[Newcomer, entry_pb2.SignedRegistry | None]:
    """Has a person decided? Then the newcomer with its certificate, and the list of nodes."""
    _only_at_hub(node)
    with node.db.read() as conn:
        newcomer = enrolments.newcomer(conn, enrolment_id)
        if not hmac.compare_digest(newcomer.collect_hash, _hashed(secret)):
            raise NotFound("Nobody has asked to be let in under this number.")
        held = registries.newest(conn)
        return newcomer, held.signed if held else None


def approve(node: ThisNode, enrolment_id: str, words: str, who: Person | str, now: datetime) -> KnownNode:
    """Lets a newcomer in: its certificate, and a new version of the list of nodes with it."""
    _only_at_hub(node)
    assert node.authority
    with node.db.write() as conn:
        newcomer = enrolments.newcomer(conn, enrolment_id)
        newcomer.decide_with(words)
        id_ = node_id_of(newcomer.signing_key)
        registry = joining.change_registry(conn, node.signer, lambda nodes: _admit(nodes, newcomer, now), now)
        certificate = node.authority.sign_request(newcomer.certificate_request, id_, now)
        enrolments.save_newcomer(conn, replace(newcomer, state=Enrolment.ENROLLED, certificate=certificate))
        facts.put(conn, said.NodeAdmitted(node_id=id_, registry_version=registry.version), id_, now)
        audit.add(conn, who, "let a node in", id_, now)
        return registry.nodes[id_]


def decline(node: ThisNode, enrolment_id: str, who: Person | str, now: datetime) -> None:
    _only_at_hub(node)
    with node.db.write() as conn:
        newcomer = enrolments.newcomer(conn, enrolment_id)
        newcomer.decide()
        enrolments.save_newcomer(conn, replace(newcomer, state=Enrolment.DECLINED))
        audit.add(conn, who, "turned a node away", enrolment_id, now)


def _admit(nodes: list[entry_pb2.RegisteredNode], newcomer: Newcomer, now: datetime) -> None:
    """A node that lost its certificate or its database comes in again under its own key; its slug stays its own."""
    id_ = node_id_of(newcomer.signing_key)
    if any(node.slug == newcomer.slug and node.id != id_ for node in nodes):
        raise Conflict(
            f"Another node is called {newcomer.slug} already. Decline this one, and ask it to take another short name."
        )
    spki = spki_of_request(newcomer.certificate_request)
    known = next((node for node in nodes if node.id == id_), None)
    if known is None:
        known = joining.registered(newcomer.signing_key, newcomer.sealing_key, spki, now)
        nodes.append(known)
    if known.status == entry_pb2.NODE_STATUS_LEFT:
        known.status = entry_pb2.NODE_STATUS_ACTIVE
        known.ClearField("left_at")
    known.slug, known.name = newcomer.slug, newcomer.name
    known.sealing_key, known.certificate_spki = newcomer.sealing_key, spki


def _only_at_hub(node: ThisNode) -> None:
    if not node.is_hub:
        raise NotFound(_NOT_A_HUB)


def _standing(found: Standing | None) -> Standing:
    assert found is not None  # written at the first start, before any call is served
    return found


def _hashed(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
