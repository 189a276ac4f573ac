"""Instants on the wire: google.protobuf.Timestamp, always UTC."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp


def stamp(instant: datetime | None) -> Timestamp | None:
    """For a field of a message; None leaves the field absent."""
    if instant is None:
        return None
    made = Timestamp()
    made.FromDatetime(instant.astimezone(UTC))
    return made


def instant(stamp: Timestamp) -> datetime:
    """Aware, in UTC, to the microsecond."""
    return stamp.ToDatetime(tzinfo=UTC)
