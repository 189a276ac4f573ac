"""Topics and privacy choices of members, imports, and people who ask to join."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "membership_0003"
down_revision = "membership_0002"
branch_labels = None
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.add_column("members", sa.Column("listed", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("members", sa.Column("email_shown", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("members", sa.Column("vouched_by", _ID))
    op.add_column("members", sa.Column("vouched_at", UtcDateTime))
    op.create_index("members_by_email", "members", [sa.text("lower(email)")])
    op.create_index("organisations_by_name", "organisations", [sa.text("lower(name)"), "id"])
    op.create_table(
        "member_topics",
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), primary_key=True),
        sa.Column("topic", sa.String(64), primary_key=True),
    )
    _imports()
    op.create_table(
        "join_requests",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("community_id", _ID, sa.ForeignKey("communities.id"), nullable=False, index=True),
        sa.Column("issuer", sa.String(255)),
        sa.Column("subject", sa.String(255)),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("about", sa.String(500), nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
        sa.Column("member_id", _ID),
        sa.UniqueConstraint("issuer", "subject"),
    )


def _imports() -> None:
    op.create_table(
        "imports",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("community_id", _ID, sa.ForeignKey("communities.id"), nullable=False),
        sa.Column("asked_by", _ID, nullable=False),
        sa.Column("state", sa.Integer, nullable=False, index=True),
        sa.Column("file", sa.LargeBinary),
        sa.Column("rows", sa.Integer, nullable=False),
        sa.Column("done", sa.Integer, nullable=False),
        sa.Column("new_members", sa.Integer, nullable=False),
        sa.Column("changed_members", sa.Integer, nullable=False),
        sa.Column("unchanged_members", sa.Integer, nullable=False),
        sa.Column("new_organisations", sa.Integer, nullable=False),
        sa.Column("bad_rows", sa.Integer, nullable=False),
        sa.Column("problem", sa.String(500), nullable=False),
        sa.Column("read_as", sa.String(200), nullable=False),
        sa.Column("began_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "import_findings",
        sa.Column("import_id", _ID, sa.ForeignKey("imports.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("line", sa.Integer, nullable=False),
        sa.Column("column", sa.String(80), nullable=False),
        sa.Column("reason", sa.String(400), nullable=False),
        sa.Column("bad", sa.Boolean, nullable=False),
    )
