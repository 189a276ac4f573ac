"""No question looks for letters by their item, so the index goes; the column stays."""

from alembic import op

revision = "notification_0003"
down_revision = "notification_0002"
branch_labels = None
depends_on = None
serves = "notification_0002"


def upgrade() -> None:
    op.drop_index("ix_letters_item_id", "letters")
