"""Which session of the provider a session came from, so that the provider can end it; and what it said already."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "gateway_0002"
down_revision = "gateway_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty in sessions that began before.
    op.add_column("sessions", sa.Column("theirs", sa.String(64)))
    op.add_column("sessions", sa.Column("subject", sa.String(64)))
    op.create_index("ix_sessions_theirs", "sessions", ["theirs"])
    op.create_index("ix_sessions_subject", "sessions", ["subject"])
    op.create_table(
        "endings",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("said_at", UtcDateTime, nullable=False, index=True),
    )
