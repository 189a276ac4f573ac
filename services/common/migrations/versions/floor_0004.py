"""Facts keep the trace that they were said in."""

import sqlalchemy as sa
from alembic import op

revision = "floor_0004"
down_revision = "floor_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("facts", sa.Column("traceparent", sa.String(55)))
