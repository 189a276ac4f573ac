"""Plain words for pages: days, sizes, counts and the codes of audiences, states and files."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from google.protobuf.timestamp_pb2 import Timestamp

from fosse.common.v1 import audience_pb2
from fosse.federation.v1 import entry_pb2
from fosse.notification.v1 import notification_pb2
from services.common.clock import Clock
from services.common.text import plural

LONDON = ZoneInfo("Europe/London")

AUDIENCES = {
    audience_pb2.AUDIENCE_COMMUNITY: "Your community",
    audience_pb2.AUDIENCE_NODE: "This county",
    audience_pb2.AUDIENCE_NAMED_NODES: "Named counties",
    audience_pb2.AUDIENCE_REGION: "The region",
    audience_pb2.AUDIENCE_NATION: "The nation",
    audience_pb2.AUDIENCE_PUBLIC: "Public",
}
NODE_STATES = {
    entry_pb2.NODE_STATUS_ACTIVE: "Active",
    entry_pb2.NODE_STATUS_MUTED: "Muted",
    entry_pb2.NODE_STATUS_SUSPENDED: "Suspended",
    entry_pb2.NODE_STATUS_EXPELLED: "Expelled",
    entry_pb2.NODE_STATUS_LEFT: "Left the region",
}
DELIVERIES = {
    notification_pb2.DELIVERY_STATE_QUEUED: "Waiting",
    notification_pb2.DELIVERY_STATE_SENT: "Sent",
    notification_pb2.DELIVERY_STATE_BOUNCED: "Refused by the other side",
    notification_pb2.DELIVERY_STATE_GIVEN_UP: "Given up",
}
FILE_KINDS = {
    "application/pdf": "PDF",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "Word",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "Excel",
    "application/vnd.oasis.opendocument.text": "OpenDocument text",
    "image/png": "PNG picture",
    "image/jpeg": "JPEG picture",
    "text/plain": "Text",
    "text/csv": "CSV",
    "video/mp4": "MP4 video",
}


def instant(value: Timestamp | datetime | None) -> datetime | None:
    """None for a timestamp that was never set."""
    if isinstance(value, Timestamp):
        return value.ToDatetime(tzinfo=UTC) if value.seconds or value.nanos else None
    return value


def day(value: Timestamp | datetime | str | None) -> str:
    """`3 May 2026`; a day given as ISO 8601 too."""
    if isinstance(value, str):
        return _day(date.fromisoformat(value)) if value else ""
    when = instant(value)
    return _day(when.astimezone(LONDON).date()) if when else ""


def moment(value: Timestamp | datetime | None) -> str:
    when = instant(value)
    return f"{day(when)}, {when.astimezone(LONDON):%H:%M}" if when else ""


def iso(value: Timestamp | datetime | str | None) -> str:
    if isinstance(value, str):
        return value
    when = instant(value)
    return when.isoformat(timespec="seconds") if when else ""


def ago(value: Timestamp | datetime | None, now: datetime) -> str:
    """`4 minutes ago` within a day, then `on 3 May 2026`. A clock that is ahead of ours reads as `just now`."""
    when = instant(value)
    if when is None:
        return ""
    past = now - when
    if past < timedelta(minutes=1):
        return "just now"
    if past < timedelta(hours=1):
        return f"{plural(past // timedelta(minutes=1), 'minute')} ago"
    if past < timedelta(days=1):
        return f"{plural(past // timedelta(hours=1), 'hour')} ago"
    return f"on {day(when)}"


def month(value: str) -> str:
    """`August 2026` of 2026-08."""
    return f"{date.fromisoformat(f'{value}-01'):%B %Y}"


def short_month(value: str) -> str:
    """`Aug`."""
    return f"{date.fromisoformat(f'{value}-01'):%b}"


def month_head(value: str) -> str:
    """`Aug 2026`, for the head of a column."""
    return f"{date.fromisoformat(f'{value}-01'):%b %Y}"


def begun(value: Timestamp | datetime | None, now: datetime) -> bool:
    when = instant(value)
    return when is not None and when <= now


def overdue(review_due: str, now: datetime) -> bool:
    return bool(review_due) and date.fromisoformat(review_due) < now.astimezone(LONDON).date()


def size(count: int) -> str:
    """Files as people see them in their folders: decimal units."""
    if count < 1000:
        return plural(count, "byte")
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def kind(media_type: str) -> str:
    return FILE_KINDS.get(media_type, "File")


def short(name: str) -> str:
    """The part of a vocabulary's name before its explanation: `Measured here: before-and-after data …`."""
    return name.partition(":")[0]


def listed(names: list[str]) -> str:
    """`Derbyshire, Leicestershire and Rutland`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def web_address(address: str) -> str:
    """The address if a browser may follow it; what travelled here is checked once more."""
    return address if address.startswith(("https://", "http://")) else ""


def filters(clock: Clock) -> dict[str, Callable[..., Any]]:
    """What templates may write behind a bar."""
    return {
        "day": day,
        "moment": moment,
        "iso": iso,
        "size": size,
        "kind": kind,
        "short": short,
        "plural": plural,
        "listed": listed,
        "web_address": web_address,
        "month": month,
        "short_month": short_month,
        "month_head": month_head,
        "ago": lambda value: ago(value, clock()),
        "begun": lambda value: begun(value, clock()),
        "overdue": lambda review_due: overdue(review_due, clock()),
        "audience": lambda value: AUDIENCES.get(value, ""),
        "node_state": lambda value: NODE_STATES.get(value, ""),
        "delivery_state": lambda value: DELIVERIES.get(value, ""),
    }


def _day(value: date) -> str:
    return f"{value.day} {value:%B %Y}"
