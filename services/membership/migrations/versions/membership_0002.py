"""Signed links."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "membership_0002"
down_revision = "membership_0001"
branch_labels = None
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), nullable=False, index=True),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("object_id", _ID, nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
        sa.Column("revoked_at", UtcDateTime),
        sa.Column("first_used_at", UtcDateTime),
    )
