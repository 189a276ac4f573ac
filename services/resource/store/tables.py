"""The tables of resource; each column says what kind of data it holds."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime

METADATA = MetaData()

resource = Table(
    "resource",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    # Empty: of this node.
    Column("origin_node_id", Id, nullable=False, info=privacy.IDS),
    Column("state", Integer, nullable=False, info=privacy.STATE),
    Column("title", String(200), nullable=False, info=privacy.CONTENT),
    Column("summary", Text, nullable=False, info=privacy.CONTENT),
    Column("type", String(60), nullable=False, info=privacy.STATE),
    Column("topics", JSON, nullable=False, info=privacy.STATE),
    Column("readers", JSON, nullable=False, info=privacy.STATE),
    Column("evidence_level", Integer, nullable=False, info=privacy.STATE),
    Column("review_due", String(10), nullable=False, info=privacy.TIMES),
    Column("adapted_from", Id, nullable=False, info=privacy.IDS),
    Column("audience", Integer, nullable=False, info=privacy.STATE),
    Column("node_ids", JSON, nullable=False, info=privacy.IDS),
    Column("author_id", Id, nullable=False, info=privacy.PERSON),
    Column("authors", String(300), nullable=False, info=privacy.PERSONAL),
    Column("organisation", String(300), nullable=False, info=privacy.CONTENT),
    Column("community", String(300), nullable=False, info=privacy.CONTENT),
    Column("changed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    # When its newest edition was published; the newest comes first on the shelf.
    Column("shown_at", UtcDateTime, info=privacy.TIMES),
    # Number of its newest published edition; 0: none.
    Column("edition", Integer, nullable=False, info=privacy.COUNTS),
    Column("withdrawn_because", Text, nullable=False, info=privacy.CONTENT),
    Column("travelled", Boolean, nullable=False, info=privacy.STATE),
    Column("downloads", Integer, nullable=False, info=privacy.COUNTS),
    Column("used_by", Integer, nullable=False, info=privacy.COUNTS),
    Index("resource_unpublished", "origin_node_id", "state", "changed_at", "id"),
    Index("resource_author", "author_id"),
)

edition = Table(
    "edition",
    METADATA,
    Column("resource_id", Id, ForeignKey("resource.id"), primary_key=True, info=privacy.IDS),
    Column("number", Integer, primary_key=True, info=privacy.COUNTS),
    Column("published_at", UtcDateTime, info=privacy.TIMES),
    Column("note", Text, nullable=False, info=privacy.CONTENT),
)

part = Table(
    "part",
    METADATA,
    Column("resource_id", Id, primary_key=True, info=privacy.IDS),
    Column("edition", Integer, primary_key=True, info=privacy.COUNTS),
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("place", Integer, nullable=False, info=privacy.COUNTS),
    Column("title", String(200), nullable=False, info=privacy.CONTENT),
    Column("licence", String(60), nullable=False, info=privacy.STATE),
    Column("may_be_adapted", Boolean, nullable=False, info=privacy.STATE),
    Column("link", Text, nullable=False, info=privacy.CONTENT),
    # Empty for a link, like the three that follow.
    Column("file_name", String(120), nullable=False, info=privacy.CONTENT),
    Column("media_type", String(120), nullable=False, info=privacy.STATE),
    Column("sha256", Id, nullable=False, info=privacy.IDS),
    Column("size", BigInteger, nullable=False, info=privacy.COUNTS),
    ForeignKeyConstraint(["resource_id", "edition"], ["edition.resource_id", "edition.number"]),
)

adoption = Table(
    "adoption",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    # No foreign key: an adoption may come before the resource it is of.
    Column("resource_id", Id, nullable=False, info=privacy.IDS),
    Column("stage", String(60), nullable=False, info=privacy.STATE),
    Column("since", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("changed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("locality", String(100), nullable=False, info=privacy.CONTENT),
    Column("organisation", String(300), nullable=False, info=privacy.CONTENT),
    # Empty: of another node.
    Column("member_id", Id, nullable=False, info=privacy.PERSON),
    # Empty: of this node.
    Column("node_id", Id, nullable=False, info=privacy.IDS),
    Column("travelled", Boolean, nullable=False, info=privacy.STATE),
    Index("adoption_of", "resource_id", "changed_at", "id"),
    Index(
        "adoption_once",
        "resource_id",
        "member_id",
        unique=True,
        sqlite_where=text("member_id <> ''"),
        postgresql_where=text("member_id <> ''"),
    ),
    Index("adoption_member", "member_id"),
)

tombstone = Table(
    "tombstone",
    METADATA,
    # An item that another node took back: versions up to this one do not return.
    Column("item_id", Id, primary_key=True, info=privacy.IDS),
    Column("node_id", Id, nullable=False, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
)

file_ref = Table(
    "file_ref",
    METADATA,
    # Who may read the file is who may read the item; the bytes go when the last row goes.
    Column("sha256", Id, primary_key=True, info=privacy.IDS),
    Column("item_id", Id, primary_key=True, info=privacy.IDS),
    Index("file_ref_item", "item_id"),
)

file_release = Table(
    "file_release",
    METADATA,
    # Files to look at again: bytes that nothing refers to are deleted. One row for each time, so that none waits.
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, info=privacy.COUNTS),
    Column("sha256", Id, nullable=False, info=privacy.IDS),
    sqlite_autoincrement=True,
)
