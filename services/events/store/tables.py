"""The tables of events; each column says what kind of data it holds."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    text,
)

from services.common import privacy
from services.common.database import Id, UtcDateTime

METADATA = MetaData()
# Of a meeting, and of each decision made on them: the columns of the domain's `Figures`.
FIGURES = ("room_holds", "room_taken", "online_holds", "online_taken", "waiting")

meeting = Table(
    "meeting",
    METADATA,
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("community_id", Id, nullable=False, info=privacy.IDS),
    Column("state", Integer, nullable=False, info=privacy.STATE),
    Column("title", String(200), nullable=False, info=privacy.CONTENT),
    Column("about", Text, nullable=False, info=privacy.CONTENT),
    Column("kind", Integer, nullable=False, info=privacy.STATE),
    Column("audience", Integer, nullable=False, info=privacy.STATE),
    # As people say them, in Europe/London; the instants they mean stand beside them.
    Column("day", String(10), nullable=False, info=privacy.TIMES),
    Column("starts", String(5), nullable=False, info=privacy.TIMES),
    Column("ends", String(5), nullable=False, info=privacy.TIMES),
    Column("starts_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("ends_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("venue", String(300), nullable=False, info=privacy.CONTENT),
    Column("directions", Text, nullable=False, info=privacy.CONTENT),
    Column("online_link", Text, nullable=False, info=privacy.CONTENT),
    Column("agenda", JSON, nullable=False, info=privacy.CONTENT),
    Column("changed_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("created_by", Id, nullable=False, info=privacy.PERSON),
    Column("recorded", Boolean, nullable=False, info=privacy.STATE),
    # Every member was asked by mail.
    Column("invited", Boolean, nullable=False, info=privacy.STATE),
    Column("cancelled_because", Text, nullable=False, info=privacy.CONTENT),
    # Called off as a draft.
    Column("withheld", Boolean, nullable=False, info=privacy.STATE),
    # Of the newest published minutes; 0: none.
    Column("minutes_edition", Integer, nullable=False, info=privacy.COUNTS),
    Column("attendance_version", BigInteger, nullable=False, info=privacy.STATE),
    Column("attendance_closed", Boolean, nullable=False, info=privacy.STATE),
    Column("guests", Integer, nullable=False, info=privacy.COUNTS),
    Column("refused", Integer, nullable=False, info=privacy.COUNTS),
    # Counted here, so that a booking need not count rows: whoever decides about a place holds this row's lock.
    Column("room_holds", Integer, nullable=False, info=privacy.COUNTS),
    Column("room_taken", Integer, nullable=False, info=privacy.COUNTS),
    Column("online_holds", Integer, nullable=False, info=privacy.COUNTS),
    Column("online_taken", Integer, nullable=False, info=privacy.COUNTS),
    Column("waiting", Integer, nullable=False, info=privacy.COUNTS),
    # The last number given to a request, to a decision, to somebody who waits.
    Column("receipts", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("decided", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("queued", BigInteger, nullable=False, info=privacy.COUNTS),
    Index("meeting_when", "starts_at", "id"),
    Index("meeting_ends", "ends_at"),
)

place = Table(
    "place",
    METADATA,
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("decided", Integer, nullable=False, info=privacy.STATE),
    # The place that is held: in the room, online, or none.
    Column("holds", Integer, nullable=False, info=privacy.STATE),
    # The place in line; 0: does not wait.
    Column("waits", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("receipt", BigInteger, nullable=False, info=privacy.COUNTS),
    Column("decided_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    # The convenor who asked for the member; empty: they did themselves.
    Column("by_member_id", Id, nullable=False, info=privacy.PERSON),
    Index("place_in_line", "meeting_id", "waits", sqlite_where=text("waits > 0"), postgresql_where=text("waits > 0")),
    Index("place_member", "member_id"),
)

decision = Table(
    "decision",
    METADATA,
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("number", BigInteger, primary_key=True, info=privacy.COUNTS),
    Column("receipt", BigInteger, nullable=False, info=privacy.COUNTS),
    # Absent where nobody asked: the place came free.
    Column("request_id", Id, unique=True, info=privacy.IDS),
    Column("member_id", Id, nullable=False, info=privacy.PERSON),
    Column("asked", String(20), nullable=False, info=privacy.STATE),
    Column("decided", Integer, nullable=False, info=privacy.STATE),
    # A sentence of the software, not of a person.
    Column("reason", String(500), nullable=False, info=privacy.STATE),
    Column("position", Integer, nullable=False, info=privacy.COUNTS),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
    # What it was decided on.
    Column("room_holds", Integer, nullable=False, info=privacy.COUNTS),
    Column("room_taken", Integer, nullable=False, info=privacy.COUNTS),
    Column("online_holds", Integer, nullable=False, info=privacy.COUNTS),
    Column("online_taken", Integer, nullable=False, info=privacy.COUNTS),
    Column("waiting", Integer, nullable=False, info=privacy.COUNTS),
    Index("decision_member", "member_id"),
)

need = Table(
    "need",
    METADATA,
    # Deleted a week after the meeting.
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    Column("words", Text, nullable=False, info=privacy.NEEDS),
    Index("need_member", "member_id"),
)

attendance = Table(
    "attendance",
    METADATA,
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("member_id", Id, primary_key=True, info=privacy.PERSON),
    Column("presence", Integer, nullable=False, info=privacy.STATE),
    Index("attendance_member", "member_id"),
)

minutes_draft = Table(
    "minutes_draft",
    METADATA,
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("version", BigInteger, nullable=False, info=privacy.STATE),
    Column("items", JSON, nullable=False, info=privacy.CONTENT),
    Column("actions", JSON, nullable=False, info=privacy.CONTENT),
    Column("reply_to", String(254), nullable=False, info=privacy.PERSONAL),
)

minutes_edition = Table(
    "minutes_edition",
    METADATA,
    Column("meeting_id", Id, ForeignKey("meeting.id"), primary_key=True, info=privacy.IDS),
    Column("edition", Integer, primary_key=True, info=privacy.COUNTS),
    Column("items", JSON, nullable=False, info=privacy.CONTENT),
    Column("actions", JSON, nullable=False, info=privacy.CONTENT),
    Column("reply_to", String(254), nullable=False, info=privacy.PERSONAL),
    Column("published_at", UtcDateTime, nullable=False, info=privacy.TIMES),
    Column("mailed", Boolean, nullable=False, info=privacy.STATE),
    Column("mailing_id", Id, nullable=False, info=privacy.IDS),
    Column("draft_version", BigInteger, nullable=False, info=privacy.STATE),
)

minutes_test = Table(
    "minutes_test",
    METADATA,
    # Of the request: the same id mails once.
    Column("id", Id, primary_key=True, info=privacy.IDS),
    Column("meeting_id", Id, ForeignKey("meeting.id"), nullable=False, info=privacy.IDS),
    Column("member_id", Id, nullable=False, info=privacy.PERSON),
    Column("at", UtcDateTime, nullable=False, info=privacy.TIMES),
)
