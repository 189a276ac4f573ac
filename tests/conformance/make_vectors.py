"""Writes golden.json anew: run only to add vectors, for what is signed is frozen (docs/FEDERATION.md).

PYTHONPATH=.:protos python -m tests.conformance.make_vectors
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import accumulate
from pathlib import Path

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.common.audit_proof import START, Sealed, digest, row_digest
from services.common.audit_proof import chained as chained_to
from services.federation.domain import registry
from services.federation.domain.audit_heads import make_audit_head
from services.federation.domain.chain import Position
from services.federation.domain.entries import Step, entry_hash, make_entry, position_of
from services.federation.domain.heads import make_head
from services.federation.domain.proof import Asking, prove
from services.federation.domain.sealing import seal_body, seal_file
from services.federation.domain.streams import to_node
from services.federation.domain.words import fingerprint
from tests.regions import a_registered_node, id_of, sealing_of, seed_of, signed_again, signed_bytes, signer_of

GOLDEN = Path(__file__).with_name("golden.json")
TIME = datetime(2026, 8, 31, 9, 0, 0, 123456, tzinfo=UTC)
EPOCH = 0xFEDCBA9876543210
NOTTS, LEICS = signer_of("notts"), signer_of("leics")
COMMUNITY, LEAFLET = id_of("care homes"), id_of("leaflet")
SLUGS = ("hub", "notts", "derbys", "leics")

Vector = dict[str, object]


def keys() -> list[Vector]:
    return [
        {
            "name": slug,
            "signing_seed": seed_of(slug).hex(),
            "signing_public": signer_of(slug).public_key.hex(),
            "node_id": signer_of(slug).node,
            "key_id": signer_of(slug).key_id,
            "sealing_private": seed_of(slug).hex(),
            "sealing_public": bytes(sealing_of(slug).public_key).hex(),
        }
        for slug in SLUGS
    ]


def chained() -> list[entry_pb2.Entry]:
    """A stream: put, new version with a file, withdrawal."""
    file = shareable_pb2.FileRef(sha256="5f" * 32, size=48211)
    withdraw = shareable_pb2.OPERATION_WITHDRAW
    steps = [
        Step("region", COMMUNITY, LEAFLET, 1, schema="fosse.shared.v1.Resource", body=b"first"),
        Step("region", COMMUNITY, LEAFLET, 2, schema="fosse.shared.v1.Resource", body=b"second", files=(file,)),
        Step("region", COMMUNITY, LEAFLET, 2, operation=withdraw),
    ]
    entries: list[entry_pb2.Entry] = []
    for number, step in enumerate(steps):
        position = position_of(entries[-1]) if entries else Position.start(EPOCH)
        time = TIME + timedelta(minutes=number)
        entries.append(make_entry(NOTTS, step, position=position, salt=bytes([number]) * 32, time=time))
    return entries


def as_json(entry: entry_pb2.Entry) -> Vector:
    return {
        "header": entry.header.hex(),
        "signature": entry.signature.hex(),
        "content": entry.content.hex(),
        "hash": entry_hash(entry).hex(),
    }


def refused() -> list[Vector]:
    """Entries that no node may take, each with why. All but the first four carry a valid signature of their origin."""
    first, second, _ = chained()
    cases = {
        "signature altered": entry_pb2.Entry(header=first.header, signature=bytes(64), content=first.content),
        "content of another entry": entry_pb2.Entry(
            header=first.header, signature=first.signature, content=second.content
        ),
        "signed by another node": signed_again(first, LEICS),
        "key id of another node": signed_again(first, LEICS, key_id=LEICS.key_id),
        "tag of another statement": signed_again(first, NOTTS, tag="fosse/head/1"),
        "unknown field": signed_bytes(first.header + b"\x7a\x01x", NOTTS, first.content),
        "field twice": signed_bytes(first.header + b"\x72\x10" + NOTTS.key_id.encode(), NOTTS, first.content),
        "fields out of order": signed_bytes(first.header[15:] + first.header[:15], NOTTS, first.content),
        "padded number": signed_bytes(first.header.replace(b"\x30\x01", b"\x30\x81\x00"), NOTTS, first.content),
        "item id out of form": signed_again(first, NOTTS, item="../" + LEAFLET[3:]),
        "unknown stream": signed_again(first, NOTTS, stream="everybody"),
        "stream with a new line": signed_again(first, NOTTS, stream="region\n"),
        "no operation": signed_again(first, NOTTS, operation=0),
        "withdrawal with a schema": signed_again(first, NOTTS, operation=2),
        "later entry that follows nothing": signed_again(first, NOTTS, seq=2),
        "epoch zero": signed_again(first, NOTTS, epoch=0),
        "item version zero": signed_again(first, NOTTS, item_version=0),
        "time before the key": signed_long_ago(first),
    }
    return [{"why": why, **as_json(entry)} for why, entry in cases.items()]


def signed_long_ago(entry: entry_pb2.Entry) -> entry_pb2.Entry:
    header = entry_pb2.EntryHeader.FromString(entry.header)
    header.time.seconds -= 365 * 86400
    return signed_bytes(header.SerializeToString(deterministic=True), NOTTS, entry.content)


def sealed() -> Vector:
    """Sealing is never twice the same, so what was sealed once is kept: others must open it."""
    if GOLDEN.exists() and "sealed" in (held := json.loads(GOLDEN.read_text())):
        return held["sealed"]  # type: ignore[no-any-return]  # as this function wrote it
    key, plain = bytes(range(32)), b"a page of a leaflet " * 3300
    file = b"".join(seal_file([plain], key))
    refs = [shareable_pb2.FileRef(sha256=sha256(data).hexdigest(), size=len(data)) for data in (file, plain)]
    inside = entry_pb2.SealedBody(
        body=b"for Leicestershire alone",
        files=[entry_pb2.SealedFile(sealed=refs[0], plain=refs[1], key=key)],
        node=NOTTS.node,
        item=LEAFLET,
    )
    return {
        "body": seal_body(inside, bytes(sealing_of("leics").public_key)).hex(),
        "inside": inside.SerializeToString(deterministic=True).hex(),
        "file": base64.b64encode(file).decode(),
    }


def directed() -> entry_pb2.Entry:
    """In a stream to Leicestershire: the sealed body, and the sealed file by its hash."""
    inside = entry_pb2.SealedBody.FromString(bytes.fromhex(str(sealed()["inside"])))
    step = Step(
        to_node(LEICS.node),
        COMMUNITY,
        LEAFLET,
        3,
        schema="fosse.shared.v1.Resource",
        body=bytes.fromhex(str(sealed()["body"])),
        files=(inside.files[0].sealed,),
    )
    return make_entry(NOTTS, step, position=Position.start(1), salt=bytes(range(32)), time=TIME)


def head() -> entry_pb2.SignedHead:
    return make_head(NOTTS, "region", position=position_of(chained()[-1]), live_items=0, time=TIME + timedelta(hours=1))


def signed_registry() -> entry_pb2.SignedRegistry:
    place = f"{NOTTS.node}/{COMMUNITY}"
    nodes = [a_registered_node(slug, admitted_to=[place] if slug == "leics" else []) for slug in SLUGS]
    return registry.sign_registry(signer_of("hub"), nodes, version=7, now=TIME)


def enrolment() -> Vector:
    asking = Asking(
        "K7QZ-THISTLE", "notts", "Nottinghamshire", NOTTS.public_key, bytes(sealing_of("notts").public_key), b"request"
    )
    return {
        "code": asking.code,
        "slug": asking.slug,
        "name": asking.name,
        "signing_key": asking.signing_key.hex(),
        "sealing_key": asking.sealing_key.hex(),
        "certificate_request": asking.certificate_request.hex(),
        "statement": asking.statement().hex(),
        "proof": prove(NOTTS, asking).hex(),
        "certificate_spki": bytes(range(32)).hex(),
        "fingerprint": fingerprint(asking.signing_key, asking.sealing_key, bytes(range(32))),
    }


def trail() -> list[Sealed]:
    """Two rows of an audit trail; from the second the one who did it was erased."""
    did = Sealed(1, TIME, "published", id_of("ann"), LEAFLET, bytes(range(16)), bytes(range(16, 32)))
    erased = digest(id_of("ann"), bytes(range(32, 48)))
    return [did, Sealed(2, TIME.replace(microsecond=0), "withdrew", "", LEAFLET, erased, bytes(range(48, 64)))]


def audited() -> Vector:
    seals = list(accumulate(map(row_digest, trail()), chained_to, initial=START))
    head = make_audit_head(NOTTS, "resource", count=2, seal=seals[-1], time=TIME + timedelta(hours=1))
    rows = [
        {
            "number": row.number, "at": row.at.isoformat(), "action": row.action, "actor": row.actor,
            "item_id": row.item_id, "actor_proof": row.actor_proof.hex(), "item_proof": row.item_proof.hex(),
            "seal": seal.hex(),
        }
        for row, seal in zip(trail(), seals[1:], strict=True)
    ]  # fmt: skip
    return {"rows": rows, "statement": head.statement.hex(), "signature": head.signature.hex()}


def vectors() -> Vector:
    said = signed_registry()
    return {
        "keys": keys(),
        "registry": {"document": said.document.hex(), "signature": said.signature.hex()},
        "entries": [as_json(entry) for entry in chained()],
        "sealed": sealed(),
        "directed": as_json(directed()),
        "head": {"statement": head().statement.hex(), "signature": head().signature.hex()},
        "audit": audited(),
        "refused": refused(),
        "enrolment": enrolment(),
    }


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({"sealed": sealed()}))
    made = vectors()
    GOLDEN.write_text(json.dumps(made, indent=1) + "\n")
