"""Imports that rest after a fault, and topics that members chose themselves."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "membership_0005"
down_revision = "membership_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("topics_chosen", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("imports", sa.Column("changed_organisations", sa.Integer, nullable=False, server_default="0"))
    op.add_column("imports", sa.Column("faults", sa.Integer, nullable=False, server_default="0"))
    op.add_column("imports", sa.Column("not_before", UtcDateTime))
