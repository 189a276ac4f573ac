"""Membership's first tables: communities, localities, organisations, members, roles, sign-ins, invitations."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "membership_0001"
down_revision = None
branch_labels = ("membership",)
depends_on = None

_ID = sa.String(64)


def upgrade() -> None:
    _places()
    _members()
    op.create_table(
        "sign_ins",
        sa.Column("issuer", sa.String(255), primary_key=True),
        sa.Column("subject", sa.String(255), primary_key=True),
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), nullable=False, unique=True),
        sa.Column("bound_at", UtcDateTime, nullable=False),
    )
    op.create_table(
        "invitations",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), nullable=False, index=True),
        sa.Column("code_hash", sa.String(64), nullable=False, unique=True),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
    )


def _places() -> None:
    op.create_table(
        "communities",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("hashtag", sa.String(60), nullable=False),
    )
    op.create_table(
        "localities",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
    )
    op.create_table(
        "organisations",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("ods_code", sa.String(64), unique=True),
        sa.Column("cqc_location_id", sa.String(64), unique=True),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_to", sa.Date),
        sa.Column("succeeded_by", _ID, sa.ForeignKey("organisations.id")),
    )
    op.create_table(
        "organisation_localities",
        sa.Column("organisation_id", _ID, sa.ForeignKey("organisations.id"), primary_key=True),
        sa.Column("locality_id", _ID, sa.ForeignKey("localities.id"), primary_key=True),
    )


def _members() -> None:
    op.create_table(
        "members",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("job_title", sa.String(120), nullable=False),
        sa.Column("role_group", sa.String(40), nullable=False),
        sa.Column("organisation_id", _ID, sa.ForeignKey("organisations.id"), index=True),
        sa.Column("operator", sa.Boolean, nullable=False),
        sa.Column("name_travels", sa.Boolean, nullable=False),
        sa.Column("left_at", UtcDateTime),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", UtcDateTime, nullable=False),
    )
    op.create_index("members_by_name", "members", [sa.text("lower(name)"), "id"])
    op.create_table(
        "member_localities",
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), primary_key=True),
        sa.Column("locality_id", _ID, sa.ForeignKey("localities.id"), primary_key=True),
    )
    op.create_table(
        "community_roles",
        sa.Column("member_id", _ID, sa.ForeignKey("members.id"), primary_key=True),
        sa.Column("community_id", _ID, sa.ForeignKey("communities.id"), primary_key=True, index=True),
        sa.Column("role", sa.Integer, primary_key=True),
    )
