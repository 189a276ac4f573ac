"""Audit rows are chained anew, with salted proofs; what waits to be sealed is found without reading what is."""

import sqlalchemy as sa
from alembic import op

revision = "floor_0002"
down_revision = "floor_0001"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("audit", sa.Column("sealed", sa.Boolean, nullable=False, server_default=sa.false()))
    waiting = sa.text("NOT sealed")
    op.create_index("audit_to_seal", "audit", ["number"], sqlite_where=waiting, postgresql_where=waiting)
    # Beside `audit_seals`, which older software that still runs goes on writing; it has no salts.
    op.create_table(
        "audit_chain",
        sa.Column("place", _NUMBER, primary_key=True, autoincrement=False),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("actor_proof", sa.LargeBinary, nullable=False),
        sa.Column("item_proof", sa.LargeBinary, nullable=False),
        sa.Column("seal", sa.LargeBinary, nullable=False),
    )
