"""What is published of counts of people tells nothing of a few, whoever reads it and however they reckon."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.evaluation.domain.disclosure import Figure, disclosed, disclosed_row
from services.evaluation.domain.indicators import ATTENDANCE, ORGANISATIONS
from services.evaluation.domain.region import region_series

COUNTS = st.integers(0, 10_000)
Seen = tuple[tuple[int, bool], ...]


@pytest.mark.parametrize(
    ("number", "shown"), [(0, "0"), (1, "*"), (7, "*"), (8, "10"), (12, "10"), (13, "15"), (9_998, "10000")]
)
def test_none_is_shown_a_few_are_hidden_and_more_go_to_the_nearest_five(number: int, shown: str) -> None:
    figure = disclosed(number, people=True)

    assert ("*" if figure.hidden else str(figure.number)) == shown
    assert bool(figure.reason) is (number > 0)


def test_organisations_and_meetings_are_shown_as_counted() -> None:
    assert [disclosed(number, people=False) for number in (1, 7, 23)] == [Figure(1), Figure(7), Figure(23)]


@given(st.lists(COUNTS, max_size=8))
def test_no_cell_of_people_is_ever_between_one_and_seven(numbers: list[int]) -> None:
    for cell in disclosed_row(numbers, people=True):
        assert cell.number % 5 == 0
        assert not (cell.hidden and cell.number)
        assert not 1 <= cell.number <= 7


@given(st.lists(st.integers(0, 40), min_size=2, max_size=8))
def test_one_hidden_cell_beside_a_total_takes_the_next_smallest_along(numbers: list[int]) -> None:
    hidden = [number for number, cell in zip(numbers, disclosed_row(numbers, people=True), strict=True) if cell.hidden]
    few = [number for number in numbers if 1 <= number <= 7]
    more = sorted(number for number in numbers if number > 7)

    assert sorted(hidden) == sorted(few + (more[:1] if len(few) == 1 else []))


def _seen(numbers: tuple[int, ...]) -> Seen:
    total = disclosed(sum(numbers), people=True)
    return tuple((cell.number, cell.hidden) for cell in (*disclosed_row(numbers, people=True), total))


@pytest.mark.parametrize("counties", [1, 2, 3])
def test_the_total_less_the_other_counties_never_gives_a_hidden_county_away(counties: int) -> None:
    """All rows of up to 27 people a county: whoever knows the rules sees at least two that could be the one shown."""
    could_be: dict[Seen, list[set[int]]] = {}
    for numbers in product(range(28), repeat=counties):
        places = could_be.setdefault(_seen(numbers), [set() for _ in numbers])
        for place, number in enumerate(numbers):
            places[place].add(number)

    for seen, places in could_be.items():
        for (_, hidden), possible in zip(seen, places, strict=False):
            assert not hidden or len(possible) > 1, seen


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(COUNTS, min_size=3, max_size=3), max_size=6))
@settings(max_examples=50)
def test_a_region_shows_each_month_as_a_row_of_its_own(exact: dict[str, list[int]]) -> None:
    months = ("2026-06", "2026-07", "2026-08")

    people, homes = (region_series(each, months, exact) for each in (ATTENDANCE, ORGANISATIONS))

    for at in range(3):
        row = [people.counties[node][at] for node in sorted(exact)]
        assert row == disclosed_row([exact[node][at] for node in sorted(exact)], people=True)
        assert homes.region[at] == Figure(sum(numbers[at] for numbers in exact.values()))
