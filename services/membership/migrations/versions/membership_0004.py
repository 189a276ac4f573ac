"""Since when members belong, where that was before they were added."""

import sqlalchemy as sa
from alembic import op

revision = "membership_0004"
down_revision = "membership_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("members", sa.Column("joined_on", sa.Date))
