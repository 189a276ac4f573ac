"""The floor's first tables: facts, what consumers have seen and parked, timetable, audit."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "floor_0001"
down_revision = None
branch_labels = ("floor",)
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "facts",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("message_id", _ID, nullable=False, unique=True),
        sa.Column("kind", sa.String(120), nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.Column("recorded_at", UtcDateTime, nullable=False),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sa.Column("sent_to", sa.String(80)),
        sqlite_autoincrement=True,
    )
    op.create_index("facts_unsent", "facts", ["sent_to", "id"])
    op.create_index("facts_in_order", "facts", ["tx", "id"])
    op.create_table(
        "fact_generations",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    _consumers()
    op.create_table(
        "timetable",
        sa.Column("id", _NUMBER, primary_key=True),
        sa.Column("kind", sa.String(60), nullable=False),
        sa.Column("key", _ID, nullable=False),
        sa.Column("due_at", UtcDateTime, nullable=False, index=True),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("problem", sa.String(200), nullable=False),
        sa.UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )
    _audit()


def _consumers() -> None:
    op.create_table(
        "seen",
        sa.Column("consumer", sa.String(60), primary_key=True),
        sa.Column("message_id", _ID, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False, index=True),
    )
    op.create_table(
        "parked",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("consumer", sa.String(60), nullable=False),
        sa.Column("message_id", _ID, nullable=False),
        sa.Column("topic", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(120), nullable=False),
        sa.Column("key", _ID, nullable=False, index=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("happened_at", UtcDateTime, nullable=False),
        sa.Column("reason", sa.String(200), nullable=False),
        sa.Column("parked_at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("consumer", "message_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "positions",
        sa.Column("consumer", sa.String(60), primary_key=True),
        sa.Column("topic", sa.String(80), primary_key=True),
        sa.Column("generation", sa.BigInteger, nullable=False),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("actor", _ID, nullable=False, index=True),
        sa.Column("action", sa.String(80), nullable=False),
        sa.Column("item_id", _ID, nullable=False, index=True),
        sa.Column("tx", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "audit_seals",
        sa.Column("place", _NUMBER, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("seal", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
