"""Meetings read as people say them: days, times, places left, how it stands with somebody."""

from datetime import datetime, timedelta

import pytest

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import facts_pb2 as facts
from gateway import meeting_words
from gateway.pages.attendance import safe_cell


def a_meeting(starts: str = "2026-09-10T13:00+00:00", *, hours: int = 2, **given: object) -> events.Meeting:
    words = events.MeetingWords(**given)  # type: ignore[arg-type]  # fields of the words
    meeting = events.Meeting(words=words)
    meeting.starts_at.FromDatetime(datetime.fromisoformat(starts))
    meeting.ends_at.FromDatetime(datetime.fromisoformat(starts) + timedelta(hours=hours))
    return meeting


def test_a_day_is_said_with_its_weekday_and_times_as_clocks_show_them_here() -> None:
    summer, winter = a_meeting(), a_meeting("2026-11-12T13:00+00:00")

    assert meeting_words.weekday(summer.starts_at) == "Thursday 10 September 2026"
    assert meeting_words.times(summer) == "14:00 to 16:00"
    assert meeting_words.times(winter) == "13:00 to 15:00"


def test_a_meeting_through_the_night_says_the_day_on_which_it_ends() -> None:
    night = a_meeting("2026-10-24T21:00+00:00", hours=5)

    assert meeting_words.times(night) == "22:00 to Sunday 25 October 2026, 02:00"


def test_the_times_of_an_agenda_are_worked_out_until_an_item_is_open() -> None:
    items = [("Welcome", 10), ("Talk", 45), ("Questions", 0), ("End", 5)]
    meeting = a_meeting(agenda=[events.AgendaItem(title=title, minutes=minutes) for title, minutes in items])

    order = list(meeting_words.running_order(meeting))

    assert [one.at for one in order] == ["14:00", "14:10", "14:55", ""]


def test_an_agenda_across_the_night_the_clocks_go_back_goes_on_in_real_minutes() -> None:
    agenda = [events.AgendaItem(title="Long", minutes=90), events.AgendaItem(title="Then", minutes=5)]
    meeting = a_meeting("2026-10-25T00:00+00:00", agenda=agenda)

    assert [one.at for one in meeting_words.running_order(meeting)] == ["01:00", "01:30"]


@pytest.mark.parametrize(
    ("room", "free", "waiting", "said"),
    [
        (20, 6, 0, ["6 of 20 places left in the room"]),
        (20, 0, 3, ["The room is full, 3 waiting"]),
        (1, 1, 0, ["1 of 1 place left in the room"]),
        (0, 0, 0, []),
    ],
)
def test_places_left_are_said_in_one_sentence(room: int, free: int, waiting: int, said: list[str]) -> None:
    meeting = a_meeting(room_holds=room)
    meeting.room_free, meeting.waiting = free, waiting

    assert list(meeting_words.places_left(meeting)) == said


def test_somebody_who_waits_with_a_place_online_reads_both() -> None:
    mine = events.MyPlace(decision=facts.DECISION_ONLINE, waiting_position=3)

    said, colour = meeting_words.standing(mine)

    assert said == "You have a place online; you are number 3 on the waiting list for the room"
    assert colour == "green"


def test_who_has_not_booked_reads_nothing_about_a_place() -> None:
    assert meeting_words.standing(events.MyPlace()) == ("", "")


@pytest.mark.parametrize("text", ["=1+1", "+44 115", "-1", "@home", "\tx", "\rx"])
def test_no_cell_of_a_list_is_taken_for_a_formula(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


def test_ordinary_names_stay_as_they_are_in_a_list() -> None:
    assert safe_cell("Ada Lowe") == "Ada Lowe"
