"""Federation's first tables: standing, registry, streams, what waits to be signed, files, enrolments."""

import sqlalchemy as sa
from alembic import op

from services.common.database import UtcDateTime

revision = "federation_0001"
down_revision = None
branch_labels = ("federation",)
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_ID = sa.String(64)
_STREAM = sa.String(160)


def upgrade() -> None:
    _standing()
    _streams()
    _items()
    _waiting_to_be_signed()
    _files()
    _enrolments()


def _standing() -> None:
    op.create_table(
        "standing",
        sa.Column("one", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("node_id", _ID, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("hub_address", sa.String(300), nullable=False),
        sa.Column("code", _ID, nullable=False),
        sa.Column("enrolment_id", _ID, nullable=False),
        sa.Column("collect_secret", sa.String(128), nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("authority", sa.LargeBinary, nullable=False),
        sa.Column("door_address", sa.String(300), nullable=False),
        sa.Column("last_contact", UtcDateTime),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_table(
        "registries",
        sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("hub", _ID, nullable=False),
        sa.Column("signed_with", sa.LargeBinary, nullable=False),
        sa.Column("document", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
    )


def _streams() -> None:
    op.create_table(
        "streams",
        sa.Column("node", _ID, primary_key=True),
        sa.Column("stream", _STREAM, primary_key=True),
        sa.Column("epoch", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("head_statement", sa.LargeBinary, nullable=False),
        sa.Column("head_signature", sa.LargeBinary, nullable=False),
        sa.Column("head_time", UtcDateTime),
        sa.Column("head_live_items", sa.BigInteger, nullable=False),
        sa.Column("fault", sa.String(20), nullable=False),
        sa.Column("alarm", sa.Text, nullable=False),
        sa.Column("hub_epoch", sa.String(16), nullable=False),
        sa.Column("hub_seq", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "entries",
        sa.Column("position", _NUMBER, primary_key=True),
        sa.Column("node", _ID, nullable=False),
        sa.Column("stream", _STREAM, nullable=False),
        sa.Column("epoch", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        sa.Column("header", sa.LargeBinary, nullable=False),
        sa.Column("signature", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("operation", sa.Integer, nullable=False),
        sa.Column("item", _ID, nullable=False),
        sa.Column("item_version", sa.BigInteger, nullable=False),
        sa.Column("schema", sa.String(200), nullable=False),
        sa.Column("received_at", UtcDateTime, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.UniqueConstraint("node", "stream", "epoch", "seq"),
        sqlite_autoincrement=True,
    )
    op.create_index("entries_by_day", "entries", ["node", "received_at"])
    op.create_index("entries_by_item", "entries", ["item", "item_version"])
    op.create_index("entries_by_state", "entries", ["state", "position"])


def _items() -> None:
    op.create_table(
        "items",
        sa.Column("item", _ID, primary_key=True),
        sa.Column("owner", _ID, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("stream", _STREAM, nullable=False),
        sa.Column("withdrawn", sa.BigInteger, nullable=False),
        sa.Column("withdrawn_in", _STREAM, nullable=False),
        sa.Column("hollow", sa.Boolean, nullable=False),
        sa.Column("schema", sa.String(200), nullable=False),
        sa.Column("applied", sa.BigInteger, nullable=False),
    )
    op.create_index("items_by_owner", "items", ["owner"])
    op.create_table(
        "placed",
        sa.Column("item", _ID, primary_key=True),
        sa.Column("stream", _STREAM, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("live", sa.Boolean, nullable=False),
    )
    op.create_index("placed_by_stream", "placed", ["stream", "live"])
    op.create_table(
        "quarantine",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("node", _ID, nullable=False),
        sa.Column("stream", _STREAM, nullable=False),
        sa.Column("epoch", sa.String(16), nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("item", _ID, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.UniqueConstraint("node", "stream", "epoch", "seq"),
        sqlite_autoincrement=True,
    )


def _waiting_to_be_signed() -> None:
    op.create_table(
        "to_sign",
        sa.Column("item", _ID, primary_key=True),
        sa.Column("service", sa.String(40), nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("noticed_at", UtcDateTime, nullable=False),
        sa.Column("try_at", UtcDateTime, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
    )
    op.create_index("to_sign_by_time", "to_sign", ["try_at"])


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("sha256", _ID, primary_key=True),
        sa.Column("held", sa.Boolean, nullable=False),
    )
    op.create_table(
        "file_refs",
        sa.Column("sha256", _ID, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("node", _ID, nullable=False),
        sa.Column("stream", _STREAM, nullable=False),
        sa.Column("item", _ID, nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
    )
    op.create_index("file_refs_by_position", "file_refs", ["position"])
    op.create_index("file_refs_by_state", "file_refs", ["state"])


def _enrolments() -> None:
    op.create_table(
        "enrolment_codes",
        sa.Column("id", _ID, primary_key=True),
        sa.Column("locator", sa.String(16), nullable=False, unique=True),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("used_at", UtcDateTime),
        sa.Column("wrong", sa.Integer, nullable=False),
    )
    op.create_table(
        "wrong_codes",
        sa.Column("number", _NUMBER, primary_key=True),
        sa.Column("at", UtcDateTime, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("wrong_codes_by_time", "wrong_codes", ["at"])
    op.create_table(
        "newcomers",
        sa.Column("enrolment_id", _ID, primary_key=True),
        sa.Column("code_id", _ID, nullable=False),
        sa.Column("collect_hash", sa.LargeBinary, nullable=False),
        sa.Column("slug", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("signing_key", sa.LargeBinary, nullable=False),
        sa.Column("sealing_key", sa.LargeBinary, nullable=False),
        sa.Column("certificate_request", sa.LargeBinary, nullable=False),
        sa.Column("words", sa.String(200), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("certificate", sa.LargeBinary, nullable=False),
        sa.Column("asked_at", UtcDateTime, nullable=False),
    )
