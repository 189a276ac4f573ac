"""What was called off as a draft stays withheld."""

import sqlalchemy as sa
from alembic import op

revision = "events_0002"
down_revision = "events_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("meeting", sa.Column("withheld", sa.Boolean, nullable=False, server_default=sa.false()))
