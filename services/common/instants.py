"""Instants on the wire: google.protobuf.Timestamp, always UTC."""

from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def stamp(instant: datetime | None) -> Timestamp | None:
    """For a field of a message; None leaves the field absent."""
    if instant is None:
        return None
    # A page of hits has twenty of these: the library's own way takes six times as long.
    since = instant - _EPOCH
    return Timestamp(seconds=since.days * 86_400 + since.seconds, nanos=since.microseconds * 1_000)


def instant(stamp: Timestamp) -> datetime:
    """Aware, in UTC, to the microsecond."""
    return stamp.ToDatetime(tzinfo=UTC)
