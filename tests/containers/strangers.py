"""Records that no relay of Fosse wrote: what a table, PostgreSQL or a parser trips over, each in another place."""

from typing import NamedTuple

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common.kafka.clients import Brokers
from services.common.topics import kind
from tests.broker import Broker

Header = tuple[str, bytes]


class Stranger(NamedTuple):
    headers: list[Header]
    key: bytes | None = b"stranger"
    value: bytes | None = b"?"


def headers(**other: bytes) -> list[Header]:
    """As a relay writes them, but for some."""
    relays = {
        "id": b"a" * 32,
        "kind": kind(ResourceAdopted).encode(),
        "happened_at": b"2026-11-23T09:00:00+00:00",
    }
    return list((relays | other).items())


STRANGERS = [
    Stranger([]),
    Stranger([("id", b"\xff")]),
    Stranger(headers(happened_at=b"yesterday")),
    Stranger(headers(happened_at=b"2026-11-23T09:00:00")),
    Stranger(headers(happened_at=b"0001-01-01T00:00:00+14:00")),
    Stranger(headers(id=b"\0")),
    Stranger(headers(id=b"a" * 300)),
    Stranger(headers(kind=b"\xff")),
    Stranger(headers(), value=None),
    Stranger([], value=None),
    Stranger([], key=None),
    Stranger([], key=b"\0"),
    Stranger([], key=b"\xff" * 64),
    Stranger([], key=b"k" * 300),
    Stranger(headers(), key=b"\0"),
    Stranger(headers(), key=b"k" * 300),
]


def send(broker: Broker, topic: str, strangers: list[Stranger]) -> None:
    producer = Brokers(broker.address, 3, 1).producer()
    for each in strangers:
        producer.send(topic, key=each.key, value=each.value, headers=each.headers)
    producer.flush(timeout=10)
    producer.close()
