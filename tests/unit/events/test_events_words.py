"""The words and times of a meeting: what is refused, field by field, and what a day with a clock change means."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import Invalid
from services.events.domain.local import LONDON, clock_note, when
from services.events.domain.text import is_address, is_secure_link
from services.events.domain.words import AgendaItem, checked_words, differences, require_complete
from tests.unit.events.meetings import some_words


def refused(**given: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as refusal:
        checked_words(some_words(**given))
    return dict(refusal.value.fields)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": "  "}, "title"),
        ({"title": "x" * 201}, "title"),
        ({"about": "x" * 5001}, "about"),
        ({"kind": 0}, "kind"),
        ({"kind": 9}, "kind"),
        ({"audience": 0}, "audience"),
        ({"day": "10.12.2026"}, "day"),
        ({"day": "2026-W50-4"}, "day"),
        ({"day": "2026-02-30"}, "day"),
        ({"day": "9999-12-31"}, "day"),
        ({"day": ""}, "day"),
        ({"starts": "2 pm"}, "starts"),
        ({"starts": "25:00"}, "starts"),
        ({"ends": "14:00"}, "ends"),
        ({"ends": "13:00"}, "ends"),
        ({"ends": ""}, "ends"),
        ({"room_holds": -1}, "room_holds"),
        ({"online_holds": 10_001}, "online_holds"),
        ({"online_link": "http://meet.example.org"}, "online_link"),
        ({"online_link": "javascript:alert(1)"}, "online_link"),
        ({"online_link": "https://user:word@meet.example.org"}, "online_link"),
        ({"agenda": (AgendaItem("", 10),)}, "agenda"),
        ({"agenda": (AgendaItem("Falls", -1),)}, "agenda"),
        ({"agenda": (AgendaItem("Falls"),) * 41}, "agenda"),
    ],
)
def test_what_cannot_be_kept_is_named_by_its_field(given: dict[str, Any], field: str) -> None:
    assert set(refused(**given)) == {field}


def test_all_faults_are_told_at_once() -> None:
    assert set(refused(title="", day="", starts="x", kind=0, room_holds=-5)) == {
        "title", "day", "starts", "kind", "room_holds",
    }  # fmt: skip


def test_words_are_cleaned_and_empty_lines_of_the_agenda_left_out() -> None:
    words, _ = checked_words(
        some_words(title=" December\u202e   meeting ", agenda=(AgendaItem(" Falls "), AgendaItem(" ")))
    )

    assert (words.title, words.agenda) == ("December meeting", (AgendaItem("Falls"),))


def test_a_meeting_in_summer_and_one_in_winter_begin_when_the_clock_on_the_wall_says_so() -> None:
    summer, _ = when("2026-07-09", "14:00", "16:00")
    winter, _ = when("2026-12-10", "14:00", "16:00")

    assert summer and summer.starts_at == datetime(2026, 7, 9, 13, 0, tzinfo=UTC)
    assert winter and winter.starts_at == datetime(2026, 12, 10, 14, 0, tzinfo=UTC)


def test_a_time_that_the_clocks_leave_out_is_refused() -> None:
    assert "clocks go forward" in refused(day="2026-03-29", starts="01:30", ends="03:00")["starts"]
    assert "clocks go forward" in refused(day="2026-03-29", starts="00:30", ends="01:00")["ends"]


def test_a_meeting_over_the_night_when_clocks_go_forward_is_an_hour_shorter() -> None:
    found, faults = when("2026-03-29", "00:30", "02:30")

    assert faults == {} and found
    assert (found.ends_at - found.starts_at).total_seconds() == 3600


def test_a_time_that_comes_twice_means_the_first_and_a_note_says_so() -> None:
    found, _ = when("2026-10-25", "01:30", "03:00")

    assert found and found.starts_at == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert clock_note("2026-10-25", "01:30", "03:00") == (
        "The clocks go back that night: 01:30 means the first one, in summer time."
    )
    assert clock_note("2026-10-25", "14:00", "16:00") == ""


@given(st.dates(datetime(2001, 1, 1).date(), datetime(2099, 12, 31).date()), st.times(), st.times())
def test_what_is_kept_reads_as_it_was_written(day: Any, first: Any, last: Any) -> None:
    found, faults = when(day.isoformat(), f"{first:%H:%M}", f"{last:%H:%M}")

    if found is None:
        assert faults and all(faults.values())
        return
    local = found.starts_at.astimezone(LONDON)
    assert (local.date(), f"{local:%H:%M}") == (day, f"{first:%H:%M}")
    assert found.ends_at > found.starts_at


def test_an_announced_meeting_says_where_and_how_many() -> None:
    with pytest.raises(Invalid) as refusal:
        require_complete(some_words(venue=""))
    assert set(refusal.value.fields) == {"venue"}
    with pytest.raises(Invalid) as refusal:
        require_complete(some_words(room_holds=0, online_holds=0))
    assert set(refusal.value.fields) == {"room_holds"}


def test_two_texts_are_compared_field_by_field() -> None:
    assert differences(some_words(title="Mine"), some_words(title="Theirs")) == {
        "theirs.title": "Theirs",
        "yours.title": "Mine",
    }


@pytest.mark.parametrize("text", ["cath@trent.example", "cath.o'neil+homes@nhs.example"])
def test_addresses_that_answers_can_go_to(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text", ["cath", "cath@", "cath@home", "a@b..example", "a b@c.example", "a@b.example\nBcc: x@y.z"]
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)


def test_a_link_is_https_or_none() -> None:
    assert is_secure_link("https://teams.example.org/l/meetup-join/19%3ameeting?p=1")
    assert not is_secure_link("https://")
