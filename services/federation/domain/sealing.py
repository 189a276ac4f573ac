"""Bodies and files of `to:` streams, readable by the receiving node alone: the hub relays what it cannot read.

The ephemeral keys and nonces inside are made by libsodium itself; everything else comes in by argument.
"""

from collections.abc import Iterable, Iterator

from google.protobuf.message import DecodeError
from nacl import bindings
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain.entries import check_file
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.wire import MOST_REPEATED

CHUNK_BYTES = 64 * 1024
FILE_KEY_BYTES = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
FILE_HEADER_BYTES = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
CHUNK_OVERHEAD = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_FINAL = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
_MESSAGE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE


def seal_body(inside: entry_pb2.SealedBody, receiver: bytes) -> bytes:
    """`receiver`: the node's sealing key from the registry. `inside` names the node and item of its entry."""
    if not (inside.node and inside.item):
        raise Invalid("What is sealed must say of which node and item it is.")
    return SealedBox(PublicKey(receiver)).encrypt(inside.SerializeToString(deterministic=True))


def open_body(sealed: bytes, key: PrivateKey, header: entry_pb2.EntryHeader) -> entry_pb2.SealedBody:
    """Raises Forged unless it was sealed for this node, and for the very entry that carries it."""
    try:
        inside = entry_pb2.SealedBody.FromString(SealedBox(key).decrypt(sealed))
    except (CryptoError, DecodeError):
        raise Forged(Fault.CONTENT, "This was not sealed for this node, or was altered on the way.") from None
    if (inside.node, inside.item) != (header.node, header.item):
        raise Forged(Fault.CONTENT, "This was sealed for another entry, by a node that is not its origin.")
    if len(inside.files) > MOST_REPEATED:
        raise Forged(Fault.CONTENT, "It has too many files.")
    for file in inside.files:
        # What is sealed no relay has looked at.
        check_file(file.sealed)
        check_file(file.plain)
        if len(file.key) != FILE_KEY_BYTES:
            raise Forged(Fault.CONTENT, "The key of a sealed file has the wrong length.")
    return inside


def sealed_size(plain_size: int) -> int:
    chunks = max(1, -(-plain_size // CHUNK_BYTES))
    return FILE_HEADER_BYTES + plain_size + chunks * CHUNK_OVERHEAD


def seal_file(plain: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The sealed file piece by piece, whatever the sizes of the pieces that come in."""
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    yield bindings.crypto_secretstream_xchacha20poly1305_init_push(state, key)
    for chunk, last in _pieces(plain, CHUNK_BYTES):
        tag = _FINAL if last else _MESSAGE
        yield bindings.crypto_secretstream_xchacha20poly1305_push(state, chunk, tag=tag)


def open_file(sealed: Iterable[bytes], key: bytes) -> Iterator[bytes]:
    """The file as it reads; raises Forged at the first altered, missing or added piece: keep nothing until the end."""
    pieces = _pieces(sealed, CHUNK_BYTES + CHUNK_OVERHEAD, first=FILE_HEADER_BYTES)
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    header, ended = next(pieces)
    if len(header) != FILE_HEADER_BYTES or ended:
        raise _altered()
    bindings.crypto_secretstream_xchacha20poly1305_init_pull(state, header, key)
    for piece, last in pieces:
        yield _opened(state, piece, last)


def _opened(state: bindings.crypto_secretstream_xchacha20poly1305_state, piece: bytes, last: bool) -> bytes:
    if len(piece) < CHUNK_OVERHEAD:
        raise _altered()
    try:
        chunk, tag = bindings.crypto_secretstream_xchacha20poly1305_pull(state, piece)
    except (CryptoError, RuntimeError):
        raise _altered() from None
    if (tag == _FINAL) != last:
        raise _altered()
    return bytes(chunk)


def _pieces(chunks: Iterable[bytes], size: int, first: int | None = None) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in pieces of `size` (the first of `first`), each with whether it is the last."""
    waiting = bytearray()
    wanted = first or size
    for chunk in chunks:
        waiting += chunk
        # More than wanted, not just enough: only then is it known that this piece is not the last.
        while len(waiting) > wanted:
            yield bytes(waiting[:wanted]), False
            del waiting[:wanted]
            wanted = size
    yield bytes(waiting), True


def _altered() -> Forged:
    return Forged(Fault.CONTENT, "This sealed file was altered or cut on the way.")
