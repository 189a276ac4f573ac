"""Signed bytes can be read in one way only."""

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.federation.domain import wire
from services.federation.domain.faults import Forged
from tests.regions import Diary

HEADER = Diary("notts").put("leaflet").header


def test_what_a_node_writes_has_the_one_form() -> None:
    wire.check_form(HEADER, wire.HEADER)


@pytest.mark.parametrize(
    "data",
    [
        HEADER + HEADER,
        HEADER + b"\x7a\x01x",
        HEADER + b"\xfa\x3f\x01x",
        HEADER + b"\x52\x01x",
        b"\x52\x01x" + HEADER,
        HEADER[:-1],
        HEADER + b"\x80",
        b"\x0a\x00",
        b"\x30\x00",
        b"\x30\x81\x00",
        b"\x8a\x00\x01x",
        b"\x30" + b"\xff" * 11,
        b"\x0a\xff\xff\xff\xff\x7f",
        b"\x0b\x0c",
        b"\x42\x02\x18\x01",
        b"\x29\x01\x02",
    ],
    ids=[
        "twice",
        "unknown field",
        "unknown far field",
        "item twice",
        "out of order",
        "cut",
        "open end",
        "empty text",
        "zero",
        "padded number",
        "padded field number",
        "endless number",
        "longer than the message",
        "group",
        "unknown field inside",
        "cut number",
    ],
)
def test_bytes_that_two_programs_could_read_differently_are_refused(data: bytes) -> None:
    with pytest.raises(Forged):
        wire.check_form(data, wire.HEADER)


@given(st.binary(max_size=300))
def test_whatever_passes_is_what_a_parser_would_write_again(data: bytes) -> None:
    try:
        wire.check_form(data, wire.CONTENT)
        content = entry_pb2.EntryContent.FromString(data)
    except (Forged, DecodeError):
        return

    assert content.SerializeToString(deterministic=True) == data


@given(
    salt=st.binary(min_size=1, max_size=40),
    body=st.binary(max_size=40),
    files=st.lists(st.tuples(st.text("0123456789abcdef", min_size=1), st.integers(0, 2**63 - 1)), max_size=5),
)
def test_every_content_passes_as_protobuf_writes_it(salt: bytes, body: bytes, files: list[tuple[str, int]]) -> None:
    refs = [shareable_pb2.FileRef(sha256=sha, size=size) for sha, size in files]
    content = entry_pb2.EntryContent(salt=salt, body=body, files=refs)

    wire.check_form(content.SerializeToString(deterministic=True), wire.CONTENT)


def test_an_entry_cannot_name_thousands_of_files() -> None:
    refs = [shareable_pb2.FileRef(sha256="a")] * (wire.MOST_REPEATED + 1)

    with pytest.raises(Forged):
        wire.check_form(entry_pb2.EntryContent(files=refs).SerializeToString(), wire.CONTENT)
