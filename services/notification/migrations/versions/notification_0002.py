"""Mailings: what a letter says once, and which deliveries carry it."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "notification_0002"
down_revision = "notification_0001"
branch_labels = None
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "letters",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("item_id", _ID, nullable=False, index=True),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("ics", sa.Text, nullable=False),
        sa.Column("reply_to", sa.String(300), nullable=False),
        sa.Column("queued_at", UtcDateTime, nullable=False),
    )
    op.add_column("deliveries", sa.Column("letter_id", _ID))
    op.create_index("deliveries_of_letter", "deliveries", ["letter_id", "number"])
