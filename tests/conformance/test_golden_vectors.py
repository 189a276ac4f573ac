"""What is signed is frozen: this and every later version reads, and makes, the very bytes of golden.json."""

import base64
import json
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.public import PrivateKey

from fosse.federation.v1 import entry_pb2
from services.federation.domain import audit_heads, heads, intake, proof
from services.federation.domain.intake import Reader, State, Verdict
from services.federation.domain.registry import Registry, self_certified, verify_registry
from services.federation.domain.sealing import open_body, open_file
from services.federation.domain.signing import key_id_of, node_id_of
from services.federation.domain.words import fingerprint
from tests.conformance import make_vectors

GOLDEN: dict[str, Any] = json.loads(make_vectors.GOLDEN.read_text())
NAMES = {keys["name"]: keys for keys in GOLDEN["keys"]}
THEN = datetime(2026, 9, 1, tzinfo=UTC)


def an_entry(vector: dict[str, str]) -> entry_pb2.Entry:
    parts = {name: bytes.fromhex(vector[name]) for name in ("header", "signature", "content")}
    assert sha256(parts["header"]).hexdigest() == vector["hash"]
    return entry_pb2.Entry(**parts)


def the_registry() -> Registry:
    signed = entry_pb2.SignedRegistry(**{name: bytes.fromhex(value) for name, value in GOLDEN["registry"].items()})
    hub, keys = self_certified(signed)
    assert hub == NAMES["hub"]["node_id"]
    return verify_registry(signed, hub=hub, hub_keys=keys)


def a_reader(name: str) -> Reader:
    return Reader(NAMES[name]["node_id"], the_registry(), THEN)


def test_this_version_makes_the_bytes_that_were_frozen() -> None:
    assert make_vectors.vectors() == GOLDEN


@pytest.mark.parametrize("name", NAMES)
def test_a_node_is_named_after_its_first_key(name: str) -> None:
    public = bytes.fromhex(NAMES[name]["signing_public"])

    assert node_id_of(public) == NAMES[name]["node_id"]
    assert key_id_of(public) == NAMES[name]["key_id"]


def test_the_list_of_nodes_reads_as_the_hub_signed_it() -> None:
    registry = the_registry()

    assert registry.version == 7
    assert {node.slug: node.id for node in registry.nodes.values()} == {
        name: keys["node_id"] for name, keys in NAMES.items()
    }
    community = next(iter(registry.nodes[NAMES["leics"]["node_id"]].admitted_to))
    assert community.startswith(NAMES["notts"]["node_id"] + "/")


def test_an_audit_trail_leads_by_its_rows_to_the_head_that_its_node_signed() -> None:
    """From the description in docs/FEDERATION.md alone, without the code that makes it."""
    seal = bytes(32)
    for row in GOLDEN["audit"]["rows"]:
        inner = b"".join(
            sha256(proof + row[name].encode()).digest() if len(proof) == 16 else proof
            for name, proof in (
                ("actor", bytes.fromhex(row["actor_proof"])),
                ("item_id", bytes.fromhex(row["item_proof"])),
            )
        )
        words = "\x1f".join((str(row["number"]), row["at"], row["action"])).encode()
        seal = sha256(seal + sha256(b"fosse/audit-row/1" + inner + words).digest()).digest()
        assert seal.hex() == row["seal"]

    signed = entry_pb2.SignedAuditHead(
        **{name: bytes.fromhex(GOLDEN["audit"][name]) for name in ("statement", "signature")}
    )
    statement = audit_heads.verify_with_key(signed, bytes.fromhex(NAMES["notts"]["signing_public"]))
    assert (statement.service, statement.count, statement.hash) == ("resource", 2, seal)


def test_another_library_finds_the_same_signatures_valid() -> None:
    notts = Ed25519PublicKey.from_public_bytes(bytes.fromhex(NAMES["notts"]["signing_public"]))
    hub = Ed25519PublicKey.from_public_bytes(bytes.fromhex(NAMES["hub"]["signing_public"]))

    for entry in [*GOLDEN["entries"], GOLDEN["directed"]]:
        notts.verify(bytes.fromhex(entry["signature"]), bytes.fromhex(entry["header"]))
    notts.verify(bytes.fromhex(GOLDEN["head"]["signature"]), bytes.fromhex(GOLDEN["head"]["statement"]))
    notts.verify(bytes.fromhex(GOLDEN["enrolment"]["proof"]), bytes.fromhex(GOLDEN["enrolment"]["statement"]))
    hub.verify(bytes.fromhex(GOLDEN["registry"]["signature"]), bytes.fromhex(GOLDEN["registry"]["document"]))


def test_a_stream_is_taken_in_order() -> None:
    state = State()

    decisions = list(intake.take(state, map(an_entry, GOLDEN["entries"]), a_reader("derbys")))

    assert [decision.verdict for decision in decisions] == [Verdict.APPLY] * 3
    [position] = state.positions.values()
    assert (position.seq, position.hash.hex()) == (3, GOLDEN["entries"][-1]["hash"])


def test_a_head_is_of_the_last_entry() -> None:
    head = entry_pb2.SignedHead(**{name: bytes.fromhex(value) for name, value in GOLDEN["head"].items()})

    statement = heads.verify_head(head, the_registry().nodes[NAMES["notts"]["node_id"]])

    assert (statement.seq, statement.hash.hex()) == (3, GOLDEN["entries"][-1]["hash"])


def test_an_entry_for_one_node_opens_there_and_is_relayed_by_the_hub() -> None:
    entry = an_entry(GOLDEN["directed"])

    [here] = intake.take(State(), [entry], a_reader("leics"))
    [relayed] = intake.take(State(), [entry], a_reader("hub"))

    assert (here.verdict, relayed.verdict) == (Verdict.APPLY, Verdict.RELAY)
    assert here.verified is not None
    assert here.verified.content is not None
    key = PrivateKey(bytes.fromhex(NAMES["leics"]["sealing_private"]))
    inside = open_body(here.verified.content.body, key, here.verified.header)
    assert inside.body == b"for Leicestershire alone"
    sealed = base64.b64decode(GOLDEN["sealed"]["file"])
    plain = b"".join(open_file([sealed], inside.files[0].key))
    assert sha256(sealed).hexdigest() == inside.files[0].sealed.sha256 == here.verified.content.files[0].sha256
    assert (sha256(plain).hexdigest(), len(plain)) == (inside.files[0].plain.sha256, inside.files[0].plain.size)


@pytest.mark.parametrize("vector", GOLDEN["refused"], ids=lambda vector: vector["why"])
def test_what_must_be_refused_is_refused(vector: dict[str, str]) -> None:
    [decision] = intake.take(State(), [an_entry(vector)], a_reader("derbys"))

    assert decision.verdict is Verdict.STOP


def test_an_enrolment_is_proved_and_shown_in_words() -> None:
    said = GOLDEN["enrolment"]
    signing, sealing = bytes.fromhex(said["signing_key"]), bytes.fromhex(said["sealing_key"])
    request = bytes.fromhex(said["certificate_request"])
    asking = proof.Asking(said["code"], said["slug"], said["name"], signing, sealing, request)

    proof.check_proof(asking, bytes.fromhex(said["proof"]))

    assert asking.statement().hex() == said["statement"]
    assert fingerprint(signing, sealing, bytes.fromhex(said["certificate_spki"])) == said["fingerprint"]
