"""Which names were typed in one sign-in at the provider, so that one-time codes are limited per person."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "gateway_0003"
down_revision = "gateway_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tried",
        sa.Column("tab", sa.String(64), primary_key=True),
        sa.Column("who", sa.String(64), primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
    )
