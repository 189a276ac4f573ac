"""Days, sizes and counts as people read them."""

from datetime import UTC, datetime, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import words
from services.common.text import plural

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)


def test_a_day_is_written_out() -> None:
    assert words.day("2026-05-03") == "3 May 2026"
    assert words.day(datetime(2026, 5, 3, 12, 0, tzinfo=UTC)) == "3 May 2026"


def test_late_evening_in_utc_is_the_next_day_in_an_english_summer() -> None:
    assert words.day(datetime(2026, 5, 2, 23, 30, tzinfo=UTC)) == "3 May 2026"
    assert words.moment(datetime(2026, 5, 2, 23, 30, tzinfo=UTC)) == "3 May 2026, 00:30"


def test_what_never_happened_has_no_day() -> None:
    assert words.day(Timestamp()) == ""
    assert words.iso(Timestamp()) == ""
    assert words.ago(Timestamp(), NOW) == ""


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=-300), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=3, minutes=59), "3 hours ago"),
        (timedelta(days=2), "on 29 August 2026"),
    ],
)
def test_how_long_ago_is_said_in_words(past: timedelta, said: str) -> None:
    assert words.ago(NOW - past, NOW) == said


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 byte"), (999, "999 bytes"), (248_000, "248 kB"), (1_500_000, "1.5 MB")]
)
def test_a_size_is_short(count: int, said: str) -> None:
    assert words.size(count) == said


def test_counts_agree_with_their_word() -> None:
    assert plural(1, "home or team uses it", "homes and teams use it") == "1 home or team uses it"
    assert plural(1204, "item") == "1,204 items"


def test_names_are_joined_as_in_a_sentence() -> None:
    assert words.listed([]) == ""
    assert words.listed(["Derbyshire"]) == "Derbyshire"
    assert words.listed(["Derbyshire", "Leicestershire", "Rutland"]) == "Derbyshire, Leicestershire and Rutland"


def test_a_review_is_overdue_the_day_after() -> None:
    assert not words.overdue("", NOW)
    assert not words.overdue("2026-08-31", NOW)
    assert words.overdue("2026-08-30", NOW)


def test_only_web_addresses_can_be_followed() -> None:
    assert words.web_address("https://example.org/a") == "https://example.org/a"
    assert words.web_address("javascript:alert(1)") == ""
