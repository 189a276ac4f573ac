"""Signed heads of audit trails: this node's own, and at the hub those of counties."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "federation_0002"
down_revision = "federation_0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "audit_heads",
        sa.Column("position", _NUMBER, primary_key=True),
        sa.Column("node", _ID, nullable=False),
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("statement", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("lodged", sa.Boolean, nullable=False),
        sa.UniqueConstraint("node", "service", "count", "hash"),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_heads_by_node", "audit_heads", ["node", "position"])
    op.create_table(
        "audit_rounds",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("asked", sa.BigInteger, nullable=False),
        sa.Column("taken_at", UtcDateTime, nullable=False),
        sa.Column("compared_at", UtcDateTime),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
    )
