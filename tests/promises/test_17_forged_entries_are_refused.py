"""Promise 17: an entry that its origin did not sign, not so, or not as it may, is never taken."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import entries, intake, registry, streams, wire
from services.federation.domain.entries import Step, Verified
from services.federation.domain.intake import State
from services.federation.domain.registry import KnownKey, KnownNode, Registry, timestamp_of
from services.federation.domain.signing import Signer
from tests.machine import FULL
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.regions import (
    COMMUNITY,
    NOW,
    RESOURCE,
    SLUGS,
    Diary,
    a_reader,
    a_registered_node,
    a_registry,
    id_of,
    signed_again,
    signed_bytes,
    signer_of,
    with_flipped_bit,
)

SEED = 17
SEEDS = 100 if FULL else 20

Entry = entry_pb2.Entry
Forge = Callable[[Entry, random.Random], Entry]
NOTTS, LEICS, DERBYS = (signer_of(slug) for slug in ("notts", "leics", "derbys"))


OLD = Signer.of(signer_of("notts of last year").key, node=NOTTS.node)


def known() -> Registry:
    """Nottinghamshire has an old key that is no longer valid beside its own; Lincolnshire is muted."""
    nodes = [a_registered_node(slug) for slug in SLUGS]
    old = registry.signing_key(OLD.public_key, NOW.replace(year=2020))
    old.valid_to.CopyFrom(timestamp_of(NOW.replace(year=2025)))
    nodes[SLUGS.index("notts")].signing_keys.append(old)
    return a_registry([*nodes, a_registered_node("lincs", status=entry_pb2.NODE_STATUS_MUTED)])


def an_entry(rng: random.Random) -> Entry:
    files = (shareable_pb2.FileRef(sha256=rng.randbytes(32).hex(), size=rng.randrange(1, 10**6)),)
    body = rng.randbytes(rng.randrange(1, 400))
    return Diary("notts", epoch=rng.getrandbits(64) | 1).write(
        Step("region", COMMUNITY, id_of(rng.random()), rng.randrange(1, 99), schema=RESOURCE, body=body, files=files)
    )


def changed(entry: Entry, **parts: bytes) -> Entry:
    return Entry(**{"header": entry.header, "signature": entry.signature, "content": entry.content, **parts})


def with_content(entry: Entry, **changes: bytes) -> Entry:
    content = entry_pb2.EntryContent.FromString(entry.content)
    for name, value in changes.items():
        setattr(content, name, value)
    return changed(entry, content=content.SerializeToString(deterministic=True))


def with_another_file(entry: Entry, rng: random.Random) -> Entry:
    content = entry_pb2.EntryContent.FromString(entry.content)
    content.files[0].sha256 = rng.randbytes(32).hex()
    return changed(entry, content=content.SerializeToString(deterministic=True))


def signed_too_early(entry: Entry, rng: random.Random) -> Entry:
    header = entry_pb2.EntryHeader.FromString(entry.header)
    header.time.seconds -= rng.randrange(60 * 86400, 3000 * 86400)
    return signed_bytes(header.SerializeToString(deterministic=True), NOTTS, entry.content)


def with_more_fields(more: bytes) -> Forge:
    return lambda entry, rng: signed_bytes(entry.header + more, NOTTS, entry.content)


def in_another_name(slug: str) -> Forge:
    signer = signer_of(slug)
    return lambda entry, rng: signed_again(entry, signer, node=signer.node, key_id=signer.key_id)


FORGERIES: dict[str, Forge] = {
    "header altered": lambda entry, rng: changed(entry, header=with_flipped_bit(entry.header, rng)),
    "signature altered": lambda entry, rng: changed(entry, signature=with_flipped_bit(entry.signature, rng)),
    "no signature": lambda entry, rng: changed(entry, signature=bytes(64) if rng.random() < 0.5 else b""),
    "content altered": lambda entry, rng: changed(entry, content=with_flipped_bit(entry.content, rng)),
    "body replaced": lambda entry, rng: with_content(entry, body=rng.randbytes(50)),
    "salt replaced": lambda entry, rng: with_content(entry, salt=rng.randbytes(32)),
    "file replaced": with_another_file,
    "content of another entry": lambda entry, rng: changed(entry, content=an_entry(rng).content),
    "signature of another entry": lambda entry, rng: changed(entry, signature=an_entry(rng).signature),
    "signed by a neighbour": lambda entry, rng: signed_again(entry, LEICS),
    "signed by a neighbour with its own key named": lambda entry, rng: signed_again(entry, LEICS, key_id=LEICS.key_id),
    "signed by a stranger": in_another_name("stranger"),
    "signed by a muted node": in_another_name("lincs"),
    "signed with a key of last year": lambda entry, rng: signed_again(entry, OLD, key_id=OLD.key_id),
    "signed before its key was valid": signed_too_early,
    "another kind of statement": lambda entry, rng: signed_again(entry, NOTTS, tag="fosse/head/1"),
    "a field twice": with_more_fields(b"\x72\x10" + NOTTS.key_id.encode()),
    "a field nobody knows": with_more_fields(b"\xfa\x3f\x01x"),
    "a stream it may not write": lambda entry, rng: signed_again(
        entry, NOTTS, stream=f"community:{DERBYS.node}/{COMMUNITY}"
    ),
}


def accepted_of_each_kind() -> Counter[str]:
    reader, accepted = a_reader("derbys", known()), Counter[str]()
    for kind, forge in FORGERIES.items():
        for seed in range(SEEDS):
            rng = random.Random(f"{SEED} {kind} {seed}")
            [decision] = intake.take(State(), [forge(an_entry(rng), rng)], reader)
            # Only a stop counts as refused: nothing of a forgery may be stored, not even in quarantine.
            accepted[kind] += decision.verdict is not intake.Verdict.STOP
    return accepted


def test_the_honest_entry_is_taken() -> None:
    rng = random.Random(SEED)

    [decision] = intake.take(State(), [an_entry(rng)], a_reader("derbys", known()))

    assert decision.verdict is intake.Verdict.APPLY


def without_content_hash(entry: Entry, node: KnownNode, *, header: entry_pb2.EntryHeader) -> Verified:
    at = (header.time.seconds, header.time.nanos)
    entries.check_signature(node, header.key_id, at, entry.header, entry.signature)
    return Verified(header, entries.entry_hash(entry), entry_pb2.EntryContent())


def without_key_times(entry: Entry, node: KnownNode, *, header: entry_pb2.EntryHeader) -> Verified:
    always = {key_id: KnownKey(key.public_key, valid_from=(0, 0)) for key_id, key in node.keys.items()}
    return entries.verify_entry(entry, replace(node, keys=always), header=header)


def without_tag(entry: Entry) -> entry_pb2.EntryHeader:
    another, ours = b"\x0a\x0cfosse/head/1", b"\x0a\x0dfosse/entry/1"
    return entries.read_header(Entry(header=entry.header.replace(another, ours)))


def without_signature(public_key: bytes, statement: bytes, signature: bytes) -> bool:
    return True


def without_one_form(data: bytes, shape: wire.Shape) -> None:
    """Any encoding will do."""


def without_write_rule(stream: str, origin: str, known: Registry) -> bool:
    return True


BUGS: dict[str, list[Bug]] = {
    "no content hash": [(intake, "verify_entry", without_content_hash)],
    "no key times": [(intake, "verify_entry", without_key_times)],
    "no tag": [(intake, "read_header", without_tag)],
    "no signature": [(entries, "signature_holds", without_signature)],
    "no one form": [(wire, "check_form", without_one_form)],
    "no write rule": [(streams, rule, without_write_rule) for rule in ("may_begin", "may_write")],
}


def accepted_with(bugs: list[Bug]) -> int:
    with planted(*bugs):
        return accepted_of_each_kind().total()


def test_nineteen_kinds_of_forgery_are_refused_and_a_weaker_check_would_be_noticed() -> None:
    assert len(FORGERIES) == 19

    accepted = accepted_of_each_kind()
    caught = {name: accepted_with(bugs) for name, bugs in BUGS.items()}

    figures = f"kinds={len(accepted)} forged={len(accepted) * SEEDS} accepted={accepted.total()}"
    planted_figures = " ".join(f"planted[{name}]={count}" for name, count in caught.items())
    ok = accepted.total() == 0 and all(caught.values())
    promise(17, "region", "forged entries refused", ok, f"{figures} {planted_figures}", SEED)


def test_a_refusal_says_in_a_sentence_what_is_wrong() -> None:
    rng = random.Random(SEED)

    for forge in FORGERIES.values():
        [decision] = intake.take(State(), [forge(an_entry(rng), rng)], a_reader("derbys", known()))
        assert decision.reason.endswith(".")
