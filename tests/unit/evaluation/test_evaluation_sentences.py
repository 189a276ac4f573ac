"""The one sentence beside each chart: plain, true, and made of what may be shown."""

from datetime import UTC, datetime

import pytest

from services.common.errors import Invalid, NotFound
from services.evaluation.domain.disclosure import Figure, disclosed
from services.evaluation.domain.indicators import ATTENDANCE, INDICATORS, MEMBERS, indicator
from services.evaluation.domain.months import named, window
from services.evaluation.domain.pulse import answer, shown
from services.evaluation.domain.sentences import pulse_sentence, series_sentence
from tests.unit.evaluation.months import NOW

MONTHS = ("2026-06", "2026-07", "2026-08")
STAR = disclosed(3, people=True)


@pytest.mark.parametrize(
    ("figures", "sentence"),
    [
        ([0, 0, 0], "Attendance: none in these 3 months."),
        ([20, 20, 20], "Attendance: 20 in August 2026; over these 3 months always 20."),
        ([20, 0, 25], "Attendance: 25 in August 2026; over these 3 months between 0 and 25."),
        ([20, 3, 25], "Attendance: 25 in August 2026; over these 3 months between 20 and 25 where it is shown."),
        ([3, 3, 3], "Attendance: between 1 and 7 in August 2026."),
    ],
)
def test_a_series_is_told_by_its_last_month_and_its_span(figures: list[int], sentence: str) -> None:
    assert series_sentence(ATTENDANCE, MONTHS, [disclosed(number, people=True) for number in figures]) == sentence


def test_what_stands_at_the_end_of_a_month_says_so() -> None:
    assert series_sentence(MEMBERS, MONTHS[-1:], [Figure(60)]) == "Members: 60 at the end of August 2026."


def test_months_end_with_the_one_people_in_england_live_in() -> None:
    half_past_midnight = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)

    assert window("", 3, half_past_midnight) == ("2026-05", "2026-06", "2026-07")
    assert window("2026-02", 3, NOW) == ("2025-12", "2026-01", "2026-02")
    assert (len(window("", 0, NOW)), len(window("", 36, NOW)), named("2026-02")) == (12, 36, "February 2026")
    with pytest.raises(Invalid):
        window("1999-01", 3, NOW)


def test_a_pulse_of_few_answers_says_that_there_is_nothing_to_show() -> None:
    assert pulse_sentence(Figure(20), STAR, [], True) == (
        "Of 20 people asked fewer than 8 people have answered, so there is nothing to show yet. It is still open."
    )
    assert pulse_sentence(STAR, Figure(0), [], False) == (
        "Of fewer than 8 people asked nobody has answered, so there is nothing to show yet."
    )


@pytest.mark.parametrize(
    ("well", "badly", "found"),
    [(30, 0, "most of them found it"), (0, 30, "most of them did not find it"), (15, 15, "answered.")],
)
def test_a_pulse_says_what_most_found_only_where_rounding_cannot_turn_it(well: int, badly: int, found: str) -> None:
    worth = [Figure(badly), Figure(0), Figure(0), Figure(0), Figure(well)]

    assert found in pulse_sentence(Figure(40), Figure(30), worth, False)


def test_a_meeting_without_a_pulse_shows_none() -> None:
    found = shown(None, [answer(1, 1, "")], words=True, now=NOW)

    assert (found.asked, found.better, found.sentence) == (False, (), "No pulse was asked after this meeting.")


def test_every_indicator_says_in_at_most_two_sentences_what_it_counts() -> None:
    for each in INDICATORS:
        assert 1 <= each.definition.count(". ") + 1 <= 2, each.code
        assert each.definition.endswith(".") and each.counted_from
    with pytest.raises(NotFound):
        indicator("joy")
