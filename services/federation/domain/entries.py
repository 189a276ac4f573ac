"""One signed step of a stream: how it is made, and everything that must hold before it is believed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from google.protobuf.message import DecodeError

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2
from services.common.errors import Invalid
from services.federation.domain import streams, wire
from services.federation.domain.chain import HASH_BYTES, NO_HASH, Position
from services.federation.domain.faults import Fault, Forged
from services.federation.domain.registry import KnownNode, timestamp_of
from services.federation.domain.signing import Signer, signature_holds

TAG = "fosse/entry/1"
SALT_BYTES = 32
LARGEST_HEADER = 1024
LARGEST_CONTENT = 1024 * 1024
LARGEST_NUMBER = 2**63 - 1
# The last second of the year 9999, beyond which google.protobuf.Timestamp and calendars do not go.
LAST_SECOND = 253_402_300_799

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_SCHEMA = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\.[A-Z][A-Za-z0-9]*\Z")
LONGEST_SCHEMA = 128


@dataclass(frozen=True)
class Verified:
    """An entry whose signature and form hold. `content` is None once its body was erased."""

    header: entry_pb2.EntryHeader
    hash: bytes
    content: entry_pb2.EntryContent | None

    @property
    def position(self) -> Position:
        return Position(self.header.epoch, self.header.seq, self.hash)


@dataclass(frozen=True)
class Step:
    """What an entry says, before it is signed. The body of a `to:` stream is sealed already."""

    stream: str
    community: str
    item: str
    item_version: int
    operation: shareable_pb2.Operation.ValueType = shareable_pb2.OPERATION_PUT
    schema: str = ""
    body: bytes = b""
    files: tuple[shareable_pb2.FileRef, ...] = ()


def make_entry(signer: Signer, step: Step, *, position: Position, salt: bytes, time: datetime) -> entry_pb2.Entry:
    """Signs the step that follows `position` (`Position.start(epoch)` for the first). Refuses what others would."""
    content = entry_pb2.EntryContent(salt=salt, body=step.body, files=step.files)
    content_bytes = content.SerializeToString(deterministic=True)
    header = entry_pb2.EntryHeader(
        tag=TAG,
        node=signer.node,
        stream=step.stream,
        community=step.community,
        epoch=position.epoch,
        seq=position.seq + 1,
        previous=position.hash,
        time=timestamp_of(time),
        operation=step.operation,
        item=step.item,
        item_version=step.item_version,
        schema=step.schema,
        content_hash=sha256(content_bytes).digest(),
        key_id=signer.key_id,
    )
    header_bytes = header.SerializeToString(deterministic=True)
    _check_header(header)
    _check_content(header, read_content(content_bytes))
    return entry_pb2.Entry(header=header_bytes, signature=signer.sign(header_bytes), content=content_bytes)


def entry_hash(entry: entry_pb2.Entry) -> bytes:
    """What the next entry's `previous` and the head's `hash` are."""
    return sha256(entry.header).digest()


def position_of(entry: entry_pb2.Entry) -> Position:
    """For an entry of our own that was just made: where its stream now stands."""
    header = entry_pb2.EntryHeader.FromString(entry.header)
    return Position(header.epoch, header.seq, entry_hash(entry))


def size_of(entry: entry_pb2.Entry) -> int:
    """What the quota counts."""
    return len(entry.header) + len(entry.signature) + len(entry.content)


def read_header(entry: entry_pb2.Entry) -> entry_pb2.EntryHeader:
    """The header as its bytes say it; raises Forged when they could be read in more than one way."""
    if len(entry.header) > LARGEST_HEADER:
        raise _malformed("its header is too large")
    wire.check_form(entry.header, wire.HEADER)
    try:
        header = entry_pb2.EntryHeader.FromString(entry.header)
    except DecodeError:
        raise _malformed("its header cannot be read") from None
    _check_header(header)
    return header


def verify_entry(entry: entry_pb2.Entry, node: KnownNode, *, header: entry_pb2.EntryHeader | None = None) -> Verified:
    """Raises Forged unless `node` signed exactly this. `header`: what `read_header` gave, to read it once only.

    A put whose content was erased is believed with content None: the stream still verifies, and whoever counts
    live items sees that one is missing. A withdrawal has nothing to erase, so its content must be there.
    """
    header = header or read_header(entry)
    if header.node != node.id:
        raise Forged(Fault.KEY, "The entry is of another node than it is said to be.")
    check_signature(node, header.key_id, (header.time.seconds, header.time.nanos), entry.header, entry.signature)
    return Verified(header, entry_hash(entry), _verified_content(entry, header))


def check_signature(node: KnownNode, key_id: str, at: tuple[int, int], statement: bytes, signature: bytes) -> None:
    key = node.keys.get(key_id)
    if key is None:
        raise Forged(Fault.KEY, f"It is signed with a key that {node.slug} does not have.")
    if not key.valid_at(at):
        raise Forged(Fault.KEY, f"It is signed with a key of {node.slug} that was not valid at the time.")
    if not signature_holds(key.public_key, statement, signature):
        raise Forged(Fault.SIGNATURE, f"The signature of {node.slug} does not hold: it was altered or forged.")


def read_content(content: bytes) -> entry_pb2.EntryContent:
    if len(content) > LARGEST_CONTENT:
        raise _malformed("its content is too large")
    wire.check_form(content, wire.CONTENT)
    try:
        return entry_pb2.EntryContent.FromString(content)
    except DecodeError:
        raise _malformed("its content cannot be read") from None


def _verified_content(entry: entry_pb2.Entry, header: entry_pb2.EntryHeader) -> entry_pb2.EntryContent | None:
    if not entry.content and header.operation == shareable_pb2.OPERATION_PUT:
        return None
    if sha256(entry.content).digest() != header.content_hash:
        raise Forged(Fault.CONTENT, "The content is not what its origin signed.")
    content = read_content(entry.content)
    _check_content(header, content)
    return content


def _check_header(header: entry_pb2.EntryHeader) -> None:
    if header.tag != TAG:
        raise _malformed("it says that it is something else")
    try:
        streams.parse(header.stream)
    except Invalid:
        raise _malformed("there is no stream of this name") from None
    if not (streams.NODE_ID.match(header.node) and streams.ITEM_ID.match(header.item)):
        raise _malformed("a node or item id is not of the right form")
    if not streams.ITEM_ID.match(header.community):
        raise _malformed("its community's id is not of the right form")
    if not (0 < header.seq <= LARGEST_NUMBER and 0 < header.item_version <= LARGEST_NUMBER and header.epoch):
        raise _malformed("its numbers are out of bounds")
    if len(header.content_hash) != HASH_BYTES or len(header.previous) != HASH_BYTES:
        raise _malformed("a hash has the wrong length")
    if (header.seq == 1) != (header.previous == NO_HASH):
        raise _malformed("only the first entry of an epoch follows nothing")
    if not 0 <= header.time.nanos < 1_000_000_000 or not 0 < header.time.seconds <= LAST_SECOND:
        raise _malformed("its time is out of bounds")
    _check_operation(header)


def _check_operation(header: entry_pb2.EntryHeader) -> None:
    # An operation of a later protocol passes here: intake lets it wait for the upgrade.
    if header.operation == shareable_pb2.OPERATION_PUT:
        if len(header.schema) > LONGEST_SCHEMA or not _SCHEMA.match(header.schema):
            raise _malformed("its schema is not the name of a message")
    elif header.operation == shareable_pb2.OPERATION_WITHDRAW:
        if header.schema:
            raise _malformed("a withdrawal has no schema")
    elif header.operation <= shareable_pb2.OPERATION_UNSPECIFIED:
        raise _malformed("it does not say what it does")


def _check_content(header: entry_pb2.EntryHeader, content: entry_pb2.EntryContent) -> None:
    if len(content.salt) != SALT_BYTES:
        raise _malformed("its salt has the wrong length")
    if header.operation == shareable_pb2.OPERATION_WITHDRAW and (content.body or content.files):
        raise _malformed("a withdrawal has neither body nor files")
    _check_files(content.files)


def _check_files(files: Iterable[shareable_pb2.FileRef]) -> None:
    seen = set()
    for file in files:
        if file.sha256 in seen:
            raise _malformed("it names a file twice")
        check_file(file)
        seen.add(file.sha256)


def check_file(file: shareable_pb2.FileRef) -> None:
    if not _SHA256.match(file.sha256) or not 0 <= file.size <= LARGEST_NUMBER:
        raise _malformed("a file's hash or size is not of the right form")


def _malformed(why: str) -> Forged:
    return Forged(Fault.MALFORMED, f"The entry is not in the form that nodes agreed on: {why}.")
