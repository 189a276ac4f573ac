"""The tables of federation: how this node stands, the streams it keeps, what waits to be signed, sent or delivered."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime

metadata = MetaData()
Number = BigInteger().with_variant(Integer, "sqlite")
Stream = String(160)
Epoch = String(16)
"""64 bits as hexadecimal digits: the databases' integers are signed."""

standing = Table(
    "standing",
    metadata,
    Column("one", Integer, primary_key=True, info=privacy.STATE),
    Column("node_id", Id, nullable=False, info=privacy.IDS),
    Column("state", String(16), nullable=False, info=privacy.STATE),
    Column("hub_address", String(300), nullable=False, info=privacy.STATE),
    Column("code", String(64), nullable=False, info=privacy.SECRET),
    Column("enrolment_id", String(64), nullable=False, info=privacy.IDS),
    Column("collect_secret", String(128), nullable=False, info=privacy.SECRET),
    Column("words", String(200), nullable=False, info=privacy.STATE),
    Column("certificate", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("authority", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("door_address", String(300), nullable=False, info=privacy.STATE),
    Column("last_contact", UtcDateTime, info=privacy.TIMES),
    Column("problem", Text, nullable=False, info=privacy.STATE),
)

# The highest version seen is never forgotten, so only the newest row is kept.
registries = Table(
    "registries",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False, info=privacy.STATE),
    Column("hub", Id, nullable=False, info=privacy.IDS),
    # The hub's public key that this document was verified with.
    Column("signed_with", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("document", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("signature", LargeBinary, nullable=False, info=privacy.SIGNED),
)

streams = Table(
    "streams",
    metadata,
    Column("node", Id, primary_key=True, info=privacy.IDS),
    Column("stream", Stream, primary_key=True, info=privacy.IDS),
    Column("epoch", Epoch, nullable=False, info=privacy.STATE),
    Column("seq", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("hash", LargeBinary, nullable=False, info=privacy.SIGNED),
    # The newest head that the origin signed, as it came.
    Column("head_statement", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("head_signature", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("head_time", UtcDateTime, info=privacy.TIMES),
    Column("head_live_items", BigInteger, nullable=False, info=privacy.COUNTS),
    # What stopped the stream, and a sentence about it; empty while it goes on.
    Column("fault", String(20), nullable=False, info=privacy.STATE),
    Column("alarm", Text, nullable=False, info=privacy.STATE),
    # Of this node's own streams: how far the hub has them.
    Column("hub_epoch", Epoch, nullable=False, info=privacy.STATE),
    Column("hub_seq", BigInteger, nullable=False, info=privacy.COUNTS),
)

entries = Table(
    "entries",
    metadata,
    # In the order of arrival here.
    Column("position", Number, primary_key=True, info=privacy.COUNTS),
    Column("node", Id, nullable=False, info=privacy.IDS),
    Column("stream", Stream, nullable=False, info=privacy.IDS),
    Column("epoch", Epoch, nullable=False, info=privacy.STATE),
    Column("seq", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("hash", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("header", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("signature", LargeBinary, nullable=False, info=privacy.SIGNED),
    # Empty once erased.
    Column("content", LargeBinary, nullable=False, info=privacy.CONTENT),
    Column("operation", Integer, nullable=False, info=privacy.STATE),
    Column("item", Id, nullable=False, info=privacy.IDS),
    Column("item_version", BigInteger, nullable=False, info=privacy.STATE),
    Column("schema", String(200), nullable=False, info=privacy.STATE),
    Column("received_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("state", String(12), nullable=False, info=privacy.STATE),
    UniqueConstraint("node", "stream", "epoch", "seq"),
    Index("entries_by_item", "item", "item_version"),
    Index("entries_by_state", "state", "position"),
    Index("entries_by_day", "node", "received_at"),
    sqlite_autoincrement=True,
)

# Of this node's own items: in which streams they were put, at which version, and whether they still stand there.
placed = Table(
    "placed",
    metadata,
    Column("item", Id, primary_key=True, info=privacy.IDS),
    Column("stream", Stream, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("live", Boolean, nullable=False, info=privacy.STATE),
    Index("placed_by_stream", "stream", "live"),
)

# Whose an item is, for good, and what of it stands (domain/items.py).
items = Table(
    "items",
    metadata,
    Column("item", Id, primary_key=True, info=privacy.IDS),
    Column("owner", Id, nullable=False, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("stream", Stream, nullable=False, info=privacy.IDS),
    Column("withdrawn", BigInteger, nullable=False, info=privacy.STATE),
    Column("withdrawn_in", Stream, nullable=False, info=privacy.IDS),
    Column("hollow", Boolean, nullable=False, info=privacy.STATE),
    # Of its newest body: a withdrawal names none, and must find the service that holds the item.
    Column("schema", String(200), nullable=False, info=privacy.STATE),
    # The version that the service has taken.
    Column("applied", BigInteger, nullable=False, info=privacy.STATE),
    Index("items_by_owner", "owner"),
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("number", Number, primary_key=True, info=privacy.COUNTS),
    Column("node", Id, nullable=False, info=privacy.IDS),
    Column("stream", Stream, nullable=False, info=privacy.IDS),
    Column("epoch", Epoch, nullable=False, info=privacy.STATE),
    Column("seq", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("item", Id, nullable=False, info=privacy.IDS),
    Column("reason", Text, nullable=False, info=privacy.STATE),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
    UniqueConstraint("node", "stream", "epoch", "seq"),
    sqlite_autoincrement=True,
)

# Items of this node that changed and are not signed yet; a row goes once what it asked for is signed.
to_sign = Table(
    "to_sign",
    metadata,
    Column("item", Id, primary_key=True, info=privacy.IDS),
    Column("service", String(40), nullable=False, info=privacy.STATE),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("noticed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("try_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("attempts", Integer, nullable=False, info=privacy.COUNTS),
    Column("problem", Text, nullable=False, info=privacy.STATE),
    Index("to_sign_by_time", "try_at"),
)

files = Table(
    "files",
    metadata,
    Column("sha256", String(64), primary_key=True, info=privacy.IDS),
    Column("held", Boolean, nullable=False, info=privacy.STATE),
)

# Which entry names a file: who may read it follows from the entry's stream.
file_refs = Table(
    "file_refs",
    metadata,
    Column("sha256", String(64), primary_key=True, info=privacy.IDS),
    Column("position", BigInteger, primary_key=True, autoincrement=False, info=privacy.COUNTS),
    # As this entry says: another may say otherwise, and one of them is wrong.
    Column("size", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("node", Id, nullable=False, info=privacy.IDS),
    Column("stream", Stream, nullable=False, info=privacy.IDS),
    Column("item", Id, nullable=False, info=privacy.IDS),
    Column("state", String(12), nullable=False, info=privacy.STATE),
    Index("file_refs_by_state", "state"),
    Index("file_refs_by_position", "position"),
)

# Signed heads of audit trails, in the order of arrival: this node's own, and at the hub those that counties left there.
audit_heads = Table(
    "audit_heads",
    metadata,
    Column("position", Number, primary_key=True, info=privacy.COUNTS),
    Column("node", Id, nullable=False, info=privacy.IDS),
    Column("service", String(40), nullable=False, info=privacy.STATE),
    Column("count", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("hash", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("statement", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("signature", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("received_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    # Of this node's own: the hub has it.
    Column("lodged", Boolean, nullable=False, info=privacy.STATE),
    UniqueConstraint("node", "service", "count", "hash"),
    Index("audit_heads_by_node", "node", "position"),
    sqlite_autoincrement=True,
)

# One row: how the last round of taking heads went.
audit_rounds = Table(
    "audit_rounds",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False, info=privacy.STATE),
    Column("asked", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("taken_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("compared_at", UtcDateTime, info=privacy.TIMES),
    Column("problem", Text, nullable=False, info=privacy.STATE),
    Column("alarm", Text, nullable=False, info=privacy.STATE),
)

enrolment_codes = Table(
    "enrolment_codes",
    metadata,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("locator", String(16), nullable=False, unique=True, info=privacy.SECRET),
    Column("secret_hash", LargeBinary, nullable=False, info=privacy.SECRET),
    Column("expires_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("used_at", UtcDateTime, info=privacy.TIMES),
    Column("wrong", Integer, nullable=False, info=privacy.COUNTS),
)

# Guesses that named no code at all, for counting.
wrong_codes = Table(
    "wrong_codes",
    metadata,
    Column("number", Number, primary_key=True, info=privacy.COUNTS),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Index("wrong_codes_by_time", "at"),
    sqlite_autoincrement=True,
)

newcomers = Table(
    "newcomers",
    metadata,
    Column("enrolment_id", Id, primary_key=True, info=privacy.IDS),
    Column("code_id", Id, nullable=False, info=privacy.IDS),
    Column("collect_hash", LargeBinary, nullable=False, info=privacy.SECRET),
    Column("slug", String(40), nullable=False, info=privacy.STATE),
    Column("name", String(200), nullable=False, info=privacy.CONTENT),
    Column("signing_key", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("sealing_key", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("certificate_request", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("words", String(200), nullable=False, info=privacy.STATE),
    Column("state", String(16), nullable=False, info=privacy.STATE),
    Column("certificate", LargeBinary, nullable=False, info=privacy.SIGNED),
    Column("asked_at", UtcDateTime, nullable=False, info=privacy.TIMES),
)
