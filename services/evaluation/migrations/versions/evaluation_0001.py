"""Evaluation's first tables: the facts that are counted, figures, pulses, the region's aggregates."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "evaluation_0001"
down_revision = None
branch_labels = ("evaluation",)
depends_on = None

_ID = sa.String(64)
_MONTH = sa.String(7)
_CODE = sa.String(40)


def upgrade() -> None:
    _members()
    _meetings()
    for name in ("shared_resource", "adoption"):
        op.create_table(
            name,
            sa.Column("item_id", _ID, primary_key=True),
            sa.Column("community_id", _ID, nullable=False),
            sa.Column("first_at", UtcDateTime, nullable=False),
            sa.Column("month", _MONTH, nullable=False),
        )
        op.create_index(f"{name}_month", name, ["community_id", "month"])
    _figures()
    _pulses()
    _region()


def _members() -> None:
    op.create_table(
        "membership",
        sa.Column("community_id", _ID, primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("organisation_id", _ID, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
        sa.Column("month", _MONTH, nullable=False),
    )
    op.create_index("membership_member", "membership", ["member_id"])


def _meetings() -> None:
    op.create_table(
        "meeting",
        sa.Column("meeting_id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("stands", sa.Boolean, nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("month", _MONTH, nullable=False),
    )
    op.create_index("meeting_month", "meeting", ["community_id", "month"])
    op.create_table(
        "attendance",
        sa.Column("meeting_id", _ID, primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("present", sa.Boolean, nullable=False),
    )
    op.create_index("attendance_member", "attendance", ["member_id"])
    op.create_table(
        "refused",
        sa.Column("meeting_id", _ID, primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
    )
    op.create_index("refused_member", "refused", ["member_id"])
    op.create_table(
        "refusals",
        sa.Column("meeting_id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("refused", sa.BigInteger, nullable=False),
    )


def _figures() -> None:
    op.create_table(
        "figure",
        sa.Column("community_id", _ID, primary_key=True),
        sa.Column("indicator", _CODE, primary_key=True),
        sa.Column("month", _MONTH, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "stale",
        sa.Column("number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("indicator", _CODE, nullable=False),
        sa.Column("month", _MONTH, nullable=False),
        sqlite_autoincrement=True,
    )


def _pulses() -> None:
    op.create_table(
        "pulse",
        sa.Column("meeting_id", _ID, primary_key=True),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("asked_of", sa.BigInteger, nullable=False),
        sa.Column("closes_at", UtcDateTime, nullable=False),
        sa.Column("closed", sa.Boolean, nullable=False),
    )
    op.create_table(
        "pulse_secret",
        sa.Column("meeting_id", _ID, sa.ForeignKey("pulse.meeting_id"), primary_key=True),
        sa.Column("secret", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "pulse_answered",
        sa.Column("meeting_id", _ID, sa.ForeignKey("pulse.meeting_id"), primary_key=True),
        sa.Column("token", _ID, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "response",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("meeting_id", _ID, sa.ForeignKey("pulse.meeting_id"), nullable=False),
        sa.Column("worth", sa.Integer, nullable=False),
        sa.Column("change", sa.Integer, nullable=False),
        sa.Column("better", sa.Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_response_meeting_id", "response", ["meeting_id"])


def _region() -> None:
    op.create_table(
        "node",
        sa.Column("node_id", _ID, primary_key=True),
        sa.Column("own", sa.Boolean, nullable=False),
        sa.Column("hub", sa.Boolean, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
    )
    op.create_table(
        "aggregate",
        sa.Column("item_id", _ID, primary_key=True),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("indicator", _CODE, nullable=False),
        sa.Column("month", _MONTH, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("gone", sa.Boolean, nullable=False),
    )
    op.create_index("aggregate_month", "aggregate", ["month", "node_id"])
