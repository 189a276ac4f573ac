"""The gateway's first tables: sessions, sign-ins under way, rate counters."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "gateway_0001"
down_revision = None
branch_labels = ("gateway",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False, index=True),
        sa.Column("renewing_until", UtcDateTime),
        sa.Column("tokens", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "sign_ins",
        sa.Column("hash", sa.String(64), primary_key=True),
        sa.Column("browser", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(128), nullable=False),
        sa.Column("return_to", sa.String(2048), nullable=False),
        sa.Column("begun_at", UtcDateTime, nullable=False, index=True),
    )
    op.create_table(
        "counters",
        sa.Column("what", sa.String(32), primary_key=True),
        sa.Column("who", sa.String(64), primary_key=True),
        sa.Column("since", UtcDateTime, primary_key=True),
        sa.Column("count", sa.Integer, nullable=False),
    )
