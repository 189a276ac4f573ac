"""What is for one node cannot be read by any other, nor cut or altered on the way."""

import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import sealing
from services.federation.domain.faults import Forged
from services.federation.domain.sealing import CHUNK_BYTES, open_body, open_file, seal_body, seal_file, sealed_size
from tests.regions import id_of, sealing_of, signer_of

KEY = bytes(range(32))
REF = shareable_pb2.FileRef(sha256="ab" * 32, size=1)
DERBYS = sealing_of("derbys")
HEADER = entry_pb2.EntryHeader(node=signer_of("notts").node, item=id_of("leaflet"))


def a_sealed_body(node: str = HEADER.node, item: str = HEADER.item) -> bytes:
    file = entry_pb2.SealedFile(sealed=REF, plain=REF, key=KEY)
    inside = entry_pb2.SealedBody(body=b"for Derbyshire", files=[file], node=node, item=item)
    return seal_body(inside, bytes(DERBYS.public_key))


def test_the_receiving_node_reads_what_was_sealed_for_it() -> None:
    inside = open_body(a_sealed_body(), DERBYS, HEADER)

    assert (inside.body, inside.files[0].key) == (b"for Derbyshire", KEY)


def test_the_hub_cannot_read_what_it_relays() -> None:
    sealed = a_sealed_body()

    assert b"Derbyshire" not in sealed
    with pytest.raises(Forged):
        open_body(sealed, sealing_of("hub"), HEADER)


def test_a_node_cannot_send_on_as_its_own_what_it_cannot_read() -> None:
    header = entry_pb2.EntryHeader(node=signer_of("leics").node, item=HEADER.item)

    with pytest.raises(Forged):
        open_body(a_sealed_body(), DERBYS, header)
    with pytest.raises(Invalid):
        a_sealed_body(node="")


@given(at=st.integers(0), bit=st.integers(0, 7))
def test_no_bit_of_a_sealed_body_can_be_changed(at: int, bit: int) -> None:
    data = bytearray(a_sealed_body())
    data[at % len(data)] ^= 1 << bit

    with pytest.raises(Forged):
        open_body(bytes(data), DERBYS, HEADER)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
@pytest.mark.parametrize("piece", [1000, CHUNK_BYTES, 1_000_000])
def test_a_file_of_any_size_opens_as_it_was(size: int, piece: int) -> None:
    plain = bytes(n % 251 for n in range(size))

    sealed = b"".join(seal_file(in_pieces(plain, piece), KEY))

    assert len(sealed) == sealed_size(size)
    assert b"".join(open_file(in_pieces(sealed, piece), KEY)) == plain


SEALED = b"".join(seal_file([bytes(2 * CHUNK_BYTES + 500)], KEY))
PIECE = CHUNK_BYTES + sealing.CHUNK_OVERHEAD
FIRST = sealing.FILE_HEADER_BYTES


@given(at=st.integers(0, len(SEALED) - 1), bit=st.integers(0, 7))
def test_no_bit_of_a_sealed_file_can_be_changed(at: int, bit: int) -> None:
    data = bytearray(SEALED)
    data[at] ^= 1 << bit

    refused(bytes(data))


@pytest.mark.parametrize(
    "sealed",
    [
        b"",
        SEALED[:10],
        SEALED[:FIRST],
        SEALED[: FIRST + PIECE],
        SEALED[: FIRST + 2 * PIECE],
        SEALED[:-1],
        SEALED + b"x",
        SEALED + SEALED[FIRST:],
        SEALED[:FIRST] + SEALED[FIRST + PIECE : FIRST + 2 * PIECE] + SEALED[FIRST : FIRST + PIECE],
    ],
    ids=["nothing", "half a header", "header only", "one chunk", "two chunks", "cut", "longer", "twice", "swapped"],
)
def test_a_sealed_file_cannot_be_cut_swapped_or_made_longer(sealed: bytes) -> None:
    refused(sealed)


def refused(sealed: bytes) -> None:
    with pytest.raises(Forged):
        list(open_file([sealed], KEY))


def test_sealing_a_large_file_takes_no_more_memory_than_a_small_one() -> None:
    tracemalloc.start()

    size = sum(len(chunk) for chunk in open_file(seal_file((bytes(CHUNK_BYTES) for _ in range(320)), KEY), KEY))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size == 20 * 1024 * 1024
    assert peak < 2 * 1024 * 1024


def in_pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize(
    "file",
    [
        entry_pb2.SealedFile(sealed=REF, plain=REF, key=b"short"),
        entry_pb2.SealedFile(sealed=REF, plain=shareable_pb2.FileRef(sha256="../../keys", size=1), key=KEY),
        entry_pb2.SealedFile(sealed=REF, plain=shareable_pb2.FileRef(sha256=REF.sha256, size=-1), key=KEY),
    ],
    ids=["key", "hash", "size"],
)
def test_what_no_relay_could_look_at_is_looked_at_when_it_is_opened(file: entry_pb2.SealedFile) -> None:
    inside = entry_pb2.SealedBody(body=b"b", files=[file], node=HEADER.node, item=HEADER.item)
    sealed = seal_body(inside, bytes(DERBYS.public_key))

    with pytest.raises(Forged):
        open_body(sealed, DERBYS, HEADER)


@pytest.mark.parametrize("sealed", [b"", b"short"], ids=["empty", "short"])
def test_what_is_too_short_to_be_sealed_is_refused(sealed: bytes) -> None:
    with pytest.raises(Forged):
        open_body(sealed, DERBYS, HEADER)
