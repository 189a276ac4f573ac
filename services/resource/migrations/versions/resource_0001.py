"""The first tables of resource: resources with editions and parts, adoptions, references to files."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "resource_0001"
down_revision = None
branch_labels = ("resource",)
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.create_table("resource", *_resource())
    op.create_index("resource_unpublished", "resource", ["origin_node_id", "state", "changed_at", "id"])
    op.create_index("resource_author", "resource", ["author_id"])
    op.create_table(
        "edition",
        sa.Column("resource_id", _ID, sa.ForeignKey("resource.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("published_at", UtcDateTime),
        sa.Column("note", sa.Text, nullable=False),
    )
    op.create_table("part", *_part())
    _adoption()
    op.create_table(
        "tombstone",
        sa.Column("item_id", _ID, primary_key=True),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "file_ref",
        sa.Column("sha256", _ID, primary_key=True),
        sa.Column("item_id", _ID, primary_key=True),
    )
    op.create_index("file_ref_item", "file_ref", ["item_id"])
    op.create_table(
        "file_release",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("sha256", _ID, nullable=False),
        sqlite_autoincrement=True,
    )


def _resource() -> list[sa.Column[object]]:
    return [
        sa.Column("id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("origin_node_id", _ID, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("type", sa.String(60), nullable=False),
        sa.Column("topics", sa.JSON, nullable=False),
        sa.Column("readers", sa.JSON, nullable=False),
        sa.Column("evidence_level", sa.Integer, nullable=False),
        sa.Column("review_due", sa.String(10), nullable=False),
        sa.Column("adapted_from", _ID, nullable=False),
        sa.Column("audience", sa.Integer, nullable=False),
        sa.Column("node_ids", sa.JSON, nullable=False),
        sa.Column("author_id", _ID, nullable=False),
        sa.Column("authors", sa.String(300), nullable=False),
        sa.Column("organisation", sa.String(300), nullable=False),
        sa.Column("community", sa.String(300), nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("shown_at", UtcDateTime),
        sa.Column("edition", sa.Integer, nullable=False),
        sa.Column("withdrawn_because", sa.Text, nullable=False),
        sa.Column("travelled", sa.Boolean, nullable=False),
        sa.Column("downloads", sa.Integer, nullable=False),
        sa.Column("used_by", sa.Integer, nullable=False),
    ]


def _part() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("resource_id", _ID, primary_key=True),
        sa.Column("edition", sa.Integer, primary_key=True),
        sa.Column("id", _ID, primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("licence", sa.String(60), nullable=False),
        sa.Column("may_be_adapted", sa.Boolean, nullable=False),
        sa.Column("link", sa.Text, nullable=False),
        sa.Column("file_name", sa.String(120), nullable=False),
        sa.Column("media_type", sa.String(120), nullable=False),
        sa.Column("sha256", _ID, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.ForeignKeyConstraint(["resource_id", "edition"], ["edition.resource_id", "edition.number"]),
    ]


def _adoption() -> None:
    op.create_table(
        "adoption",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("resource_id", _ID, nullable=False),
        sa.Column("stage", sa.String(60), nullable=False),
        sa.Column("since", UtcDateTime, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("locality", sa.String(100), nullable=False),
        sa.Column("organisation", sa.String(300), nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("travelled", sa.Boolean, nullable=False),
    )
    op.create_index("adoption_of", "adoption", ["resource_id", "changed_at", "id"])
    somebody = sa.text("member_id <> ''")
    op.create_index(
        "adoption_once",
        "adoption",
        ["resource_id", "member_id"],
        unique=True,
        sqlite_where=somebody,
        postgresql_where=somebody,
    )
    op.create_index("adoption_member", "adoption", ["member_id"])
