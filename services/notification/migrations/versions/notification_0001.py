"""Notification's first table: the ledger of deliveries."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "notification_0001"
down_revision = None
branch_labels = ("notification",)
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("id", _ID, nullable=False, unique=True),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("item_id", _ID, nullable=False),
        sa.Column("member_id", _ID, nullable=False, index=True),
        sa.Column("subject", sa.String(300), nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.Column("queued_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.UniqueConstraint("kind", "item_id", "member_id"),
        sqlite_autoincrement=True,
    )
