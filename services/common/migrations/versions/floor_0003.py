"""Which software a database still serves, so that the version before goes on beside a newer one."""

import sqlalchemy as sa
from alembic import op

revision = "floor_0003"
down_revision = "floor_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("oldest_served", sa.Column("revision", sa.String(32), primary_key=True))
    op.create_table("last_started", sa.Column("revision", sa.String(32), primary_key=True))
