"""What a node signs is believed elsewhere, and nothing else is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain.chain import Position
from services.federation.domain.entries import Step, make_entry, read_header, verify_entry
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.registry import KnownKey, instant_of
from tests.regions import COMMUNITY, NOW, RESOURCE, Diary, id_of, signed_again, signer_of, the_node

FILE = shareable_pb2.FileRef(sha256="ab" * 32, size=1200)


def an_entry() -> entry_pb2.Entry:
    step = Step("region", COMMUNITY, id_of("leaflet"), 3, schema=RESOURCE, body=b"a leaflet", files=(FILE,))
    return make_entry(signer_of("notts"), step, position=Position.start(7), salt=bytes(range(32)), time=NOW)


def refused(entry: entry_pb2.Entry) -> Fault:
    with pytest.raises(Forged) as forged:
        verify_entry(entry, the_node("notts"))
    return forged.value.fault


def test_what_a_node_signed_is_read_as_it_was_written() -> None:
    verified = verify_entry(an_entry(), the_node("notts"))

    assert (verified.header.item, verified.header.item_version) == (id_of("leaflet"), 3)
    assert verified.content is not None
    assert verified.content.body == b"a leaflet"
    assert list(verified.content.files) == [FILE]


@given(part=st.sampled_from(["header", "signature", "content"]), at=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_can_be_changed_on_the_way(part: str, at: int, bit: int) -> None:
    entry = an_entry()
    data = bytearray(getattr(entry, part))
    data[at % len(data)] ^= 1 << bit
    setattr(entry, part, bytes(data))

    with pytest.raises(Forged):
        verify_entry(entry, the_node("notts"))


@given(part=st.sampled_from(["header", "signature", "content"]), length=st.integers(0), tail=st.binary(max_size=40))
def test_no_part_can_be_cut_or_made_longer(part: str, length: int, tail: bytes) -> None:
    entry = an_entry()
    before = getattr(entry, part)
    after = before[: length % len(before)] + tail
    setattr(entry, part, after)

    if after == before or (part == "content" and not after):
        return
    with pytest.raises(Forged):
        verify_entry(entry, the_node("notts"))


@given(header=st.binary(max_size=400), signature=st.binary(max_size=80), content=st.binary(max_size=200))
def test_noise_is_refused_with_a_sentence(header: bytes, signature: bytes, content: bytes) -> None:
    entry = entry_pb2.Entry(header=header, signature=signature, content=content)

    with pytest.raises(Forged) as forged:
        verify_entry(entry, the_node("notts"))

    assert forged.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"tag": "fosse/head/1"},
        {"node": "notts"},
        {"stream": "everybody"},
        {"stream": "to:notts"},
        {"stream": "region\n"},
        {"community": ""},
        {"item": "../../etc/passwd"},
        {"item": "A" * 32},
        {"item_version": 0},
        {"item_version": -1},
        {"seq": 2**63},
        {"seq": 2},
        {"epoch": 0},
        {"previous": b"short"},
        {"previous": b"x" * 32},
        {"content_hash": b""},
        {"schema": ""},
        {"schema": "Resource; drop table"},
        {"schema": "a." * 100 + "B"},
        {"operation": shareable_pb2.OPERATION_UNSPECIFIED},
        {"operation": -1},
        {"operation": shareable_pb2.OPERATION_WITHDRAW},
    ],
    ids=str,
)
def test_a_header_out_of_form_is_refused_even_when_its_origin_signed_it(changes: dict[str, object]) -> None:
    assert refused(signed_again(an_entry(), signer_of("notts"), **changes)) is Fault.MALFORMED


def test_a_put_whose_body_was_erased_still_verifies_and_shows_nothing() -> None:
    entry = an_entry()
    entry.content = b""

    assert verify_entry(entry, the_node("notts")).content is None


def test_a_withdrawal_has_nothing_to_erase() -> None:
    diary = Diary("notts")
    diary.put("leaflet")
    entry = diary.withdraw("leaflet")
    entry.content = b""

    assert refused(entry) is Fault.CONTENT


def test_a_key_signs_only_while_it_is_valid() -> None:
    notts, signer = the_node("notts"), signer_of("notts")
    a_day = timedelta(days=1)

    def with_key(valid: KnownKey) -> None:
        verify_entry(an_entry(), replace(notts, keys={signer.key_id: valid}))

    with_key(KnownKey(signer.public_key, instant_of(NOW), instant_of(NOW + a_day)))
    for outside in (
        KnownKey(signer.public_key, instant_of(NOW + a_day)),
        KnownKey(signer.public_key, instant_of(NOW - a_day), instant_of(NOW)),
    ):
        with pytest.raises(Forged) as forged:
            with_key(outside)
        assert forged.value.fault is Fault.KEY


def test_another_node_of_the_region_cannot_sign_in_our_name() -> None:
    leics = signer_of("leics")

    assert refused(signed_again(an_entry(), leics)) is Fault.SIGNATURE
    assert refused(signed_again(an_entry(), leics, key_id=leics.key_id)) is Fault.KEY
    assert refused(signed_again(an_entry(), leics, key_id=leics.key_id, node=leics.node)) is Fault.KEY


@pytest.mark.parametrize(
    "step",
    [
        Step("region", COMMUNITY, "not-an-id", 1, schema=RESOURCE),
        Step("region", COMMUNITY, id_of("x"), 0, schema=RESOURCE),
        Step("region", COMMUNITY, id_of("x"), 1, schema=RESOURCE, files=(FILE, FILE)),
        Step("region", COMMUNITY, id_of("x"), 1, schema=RESOURCE, body=bytes(1024 * 1024)),
        Step("region", COMMUNITY, id_of("x"), 1, operation=shareable_pb2.OPERATION_WITHDRAW, body=b"still here"),
    ],
)
def test_a_node_does_not_sign_what_others_would_refuse(step: Step) -> None:
    with pytest.raises(Forged):
        make_entry(signer_of("notts"), step, position=Position.start(7), salt=bytes(32), time=NOW)


def test_a_node_does_not_sign_without_a_whole_salt() -> None:
    step = Step("region", COMMUNITY, id_of("x"), 1, schema=RESOURCE)

    with pytest.raises(Forged):
        make_entry(signer_of("notts"), step, position=Position.start(7), salt=b"salt", time=NOW)


def test_an_operation_of_a_later_protocol_can_be_read() -> None:
    entry = signed_again(an_entry(), signer_of("notts"), operation=9)

    assert read_header(entry).operation == 9
