"""The first tables of events: meetings, places with the log of decisions, attendance, minutes."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "events_0001"
down_revision = None
branch_labels = ("events",)
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    op.create_table("meeting", *_meeting())
    op.create_index("meeting_when", "meeting", ["starts_at", "id"])
    op.create_index("meeting_ends", "meeting", ["ends_at"])
    _place()
    _decision()
    op.create_table(
        "need",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
        sa.Column("words", sa.Text, nullable=False),
    )
    op.create_index("need_member", "need", ["member_id"])
    op.create_table(
        "attendance",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
        sa.Column("presence", sa.Integer, nullable=False),
    )
    op.create_index("attendance_member", "attendance", ["member_id"])
    _minutes()


def _meeting() -> list[sa.Column[object]]:
    return [
        sa.Column("id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("community_id", _ID, nullable=False),
        sa.Column("state", sa.Integer, nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("kind", sa.Integer, nullable=False),
        sa.Column("audience", sa.Integer, nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("starts", sa.String(5), nullable=False),
        sa.Column("ends", sa.String(5), nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.Column("venue", sa.String(300), nullable=False),
        sa.Column("directions", sa.Text, nullable=False),
        sa.Column("online_link", sa.Text, nullable=False),
        sa.Column("agenda", sa.JSON, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
        sa.Column("created_by", _ID, nullable=False),
        sa.Column("recorded", sa.Boolean, nullable=False),
        sa.Column("invited", sa.Boolean, nullable=False),
        sa.Column("cancelled_because", sa.Text, nullable=False),
        sa.Column("minutes_edition", sa.Integer, nullable=False),
        sa.Column("attendance_version", sa.BigInteger, nullable=False),
        sa.Column("attendance_closed", sa.Boolean, nullable=False),
        sa.Column("guests", sa.Integer, nullable=False),
        sa.Column("refused", sa.Integer, nullable=False),
        sa.Column("room_holds", sa.Integer, nullable=False),
        sa.Column("room_taken", sa.Integer, nullable=False),
        sa.Column("online_holds", sa.Integer, nullable=False),
        sa.Column("online_taken", sa.Integer, nullable=False),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("receipts", sa.BigInteger, nullable=False),
        sa.Column("decided", sa.BigInteger, nullable=False),
        sa.Column("queued", sa.BigInteger, nullable=False),
    ]


def _place() -> None:
    op.create_table(
        "place",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("member_id", _ID, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("decided", sa.Integer, nullable=False),
        sa.Column("holds", sa.Integer, nullable=False),
        sa.Column("waits", sa.BigInteger, nullable=False),
        sa.Column("receipt", sa.BigInteger, nullable=False),
        sa.Column("decided_at", UtcDateTime, nullable=False),
        sa.Column("by_member_id", _ID, nullable=False),
    )
    in_line = sa.text("waits > 0")
    op.create_index("place_in_line", "place", ["meeting_id", "waits"], sqlite_where=in_line, postgresql_where=in_line)
    op.create_index("place_member", "place", ["member_id"])


def _decision() -> None:
    op.create_table(
        "decision",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("number", sa.BigInteger, primary_key=True),
        sa.Column("receipt", sa.BigInteger, nullable=False),
        sa.Column("request_id", _ID, unique=True),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("asked", sa.String(20), nullable=False),
        sa.Column("decided", sa.Integer, nullable=False),
        sa.Column("reason", sa.String(500), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("room_holds", sa.Integer, nullable=False),
        sa.Column("room_taken", sa.Integer, nullable=False),
        sa.Column("online_holds", sa.Integer, nullable=False),
        sa.Column("online_taken", sa.Integer, nullable=False),
        sa.Column("waiting", sa.Integer, nullable=False),
    )
    op.create_index("decision_member", "decision", ["member_id"])


def _minutes() -> None:
    op.create_table(
        "minutes_draft",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("items", sa.JSON, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("reply_to", sa.String(254), nullable=False),
    )
    op.create_table(
        "minutes_edition",
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), primary_key=True),
        sa.Column("edition", sa.Integer, primary_key=True),
        sa.Column("items", sa.JSON, nullable=False),
        sa.Column("actions", sa.JSON, nullable=False),
        sa.Column("reply_to", sa.String(254), nullable=False),
        sa.Column("published_at", UtcDateTime, nullable=False),
        sa.Column("mailed", sa.Boolean, nullable=False),
        sa.Column("mailing_id", _ID, nullable=False),
        sa.Column("draft_version", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "minutes_test",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("meeting_id", _ID, sa.ForeignKey("meeting.id"), nullable=False),
        sa.Column("member_id", _ID, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
    )
