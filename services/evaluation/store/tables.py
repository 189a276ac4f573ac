"""The tables of evaluation; each column says what kind of data it holds.

The facts that are counted are kept here for good, each reduced to what is counted; figures are derived from them.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime

METADATA = MetaData()
_MONTH = String(7)
_CODE = String(40)
_GROWING = BigInteger().with_variant(Integer, "sqlite")

membership = Table(
    "membership",
    METADATA,
    Column("community_id", Id, primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    # Every version is kept: whoever belonged at the end of a month can be counted in whichever order facts came.
    Column("version", BigInteger, primary_key=True, autoincrement=False, info=privacy.STATE),
    Column("organisation_id", Id, nullable=False, info=privacy.IDS),
    Column("gone", Boolean, nullable=False, info=privacy.STATE),
    Column("month", _MONTH, nullable=False, info=privacy.TIMES),
    Index("membership_member", "member_id"),
)

meeting = Table(
    "meeting",
    METADATA,
    Column("meeting_id", Id, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    # Announced and not cancelled.
    Column("stands", Boolean, nullable=False, info=privacy.STATE),
    Column("starts_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("month", _MONTH, nullable=False, info=privacy.TIMES),
    Index("meeting_month", "community_id", "month"),
)

attendance = Table(
    "attendance",
    METADATA,
    # No foreign key: the meeting may become known later.
    Column("meeting_id", Id, primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("present", Boolean, nullable=False, info=privacy.STATE),
    Index("attendance_member", "member_id"),
)

refused = Table(
    "refused",
    METADATA,
    # Who could not be given a place when they asked.
    Column("meeting_id", Id, primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    Index("refused_member", "member_id"),
)

refusals = Table(
    "refusals",
    METADATA,
    # Of meetings recorded after they took place: only how many.
    Column("meeting_id", Id, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("refused", BigInteger, nullable=False, info=privacy.COUNTS),
)


def _first_time(name: str) -> Table:
    """Items that count once, in the month in which they first did what is counted."""
    return Table(
        name,
        METADATA,
        Column("item_id", Id, primary_key=True, info=privacy.IDS),
        Column("community_id", Id, nullable=False, info=privacy.IDS),
        Column("first_at", UtcDateTime, nullable=False, info=privacy.TIMES),
        Column("month", _MONTH, nullable=False, info=privacy.TIMES),
        Index(f"{name}_month", "community_id", "month"),
    )


shared_resource = _first_time("shared_resource")
adoption = _first_time("adoption")

figure = Table(
    "figure",
    METADATA,
    # Derived from what stands above. Of what stands at the end of a month only months in which something changed.
    Column("community_id", Id, primary_key=True, info=privacy.IDS),
    Column("indicator", _CODE, primary_key=True, info=privacy.STATE),
    Column("month", _MONTH, primary_key=True, info=privacy.TIMES),
    Column("number", BigInteger, nullable=False, info=privacy.COUNTS),
)

stale = Table(
    "stale",
    METADATA,
    # Figures to count anew; one row for each time, so that none waits for another and none is lost.
    Column("number", _GROWING, primary_key=True, info=privacy.COUNTS),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    Column("indicator", _CODE, nullable=False, info=privacy.STATE),
    Column("month", _MONTH, nullable=False, info=privacy.TIMES),
    sqlite_autoincrement=True,
)

pulse = Table(
    "pulse",
    METADATA,
    Column("meeting_id", Id, primary_key=True, info=privacy.IDS),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    Column("asked_of", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("closes_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("closed", Boolean, nullable=False, info=privacy.STATE),
)

pulse_secret = Table(
    "pulse_secret",
    METADATA,
    # Deleted when the pulse closes: after that nothing tells who answered.
    Column("meeting_id", Id, ForeignKey("pulse.meeting_id"), primary_key=True, info=privacy.IDS),
    Column("secret", LargeBinary, nullable=False, info=privacy.SECRET),
)

pulse_answered = Table(
    "pulse_answered",
    METADATA,
    # That somebody answered; deleted with the secret. In the order of the tokens, not of the answers.
    Column("meeting_id", Id, ForeignKey("pulse.meeting_id"), primary_key=True, info=privacy.IDS),
    Column("token", Id, primary_key=True, info=privacy.SECRET),
    sqlite_with_rowid=False,
)

response = Table(
    "response",
    METADATA,
    # Without a member, a time or an order: the id is random, and rows lie in its order.
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("meeting_id", Id, ForeignKey("pulse.meeting_id"), nullable=False, index=True, info=privacy.IDS),
    Column("worth", Integer, nullable=False, info=privacy.STATE),
    Column("change", Integer, nullable=False, info=privacy.STATE),
    Column("better", Text, nullable=False, info=privacy.CONTENT),
    sqlite_with_rowid=False,
)

node = Table(
    "node",
    METADATA,
    # The region as federation last told; a door asks nobody.
    Column("node_id", Id, primary_key=True, info=privacy.IDS),
    Column("own", Boolean, nullable=False, info=privacy.STATE),
    Column("hub", Boolean, nullable=False, info=privacy.STATE),
    Column("active", Boolean, nullable=False, info=privacy.STATE),
)

aggregate = Table(
    "aggregate",
    METADATA,
    # Of this node: what is told to the hub. Of others: what the hub holds, or the tombstone where it stood.
    Column("item_id", Id, primary_key=True, info=privacy.IDS),
    Column("node_id", Id, nullable=False, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    Column("indicator", _CODE, nullable=False, info=privacy.STATE),
    Column("month", _MONTH, nullable=False, info=privacy.TIMES),
    Column("number", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("gone", Boolean, nullable=False, info=privacy.STATE),
    Index("aggregate_month", "month", "node_id"),
)
