"""What other clients of Kafka can write into a record, and ours cannot."""

from types import SimpleNamespace

import pytest

from services.common.kafka.reader import UNREADABLE, opened, topic_id_in


@pytest.mark.parametrize("header", ["id", "kind", "happened_at", "topic_id"])
def test_a_header_without_a_value_makes_nothing_of_a_record_but_a_stranger(header: str) -> None:
    headers = {"id": b"a", "kind": b"k", "happened_at": b"2026-11-23T09:00:00Z", "topic_id": b"t"}
    record = SimpleNamespace(
        topic="events", partition=0, offset=7, key=b"item", value=b"", headers=list((headers | {header: None}).items())
    )

    message = opened(record)

    assert (message.kind == UNREADABLE) is (header in {"id", "happened_at"})
    assert message.key == "item" and topic_id_in(record) == ("" if header == "topic_id" else "t")
