"""What figures say, in one plain sentence: made of what may be shown, never of what was counted."""

from collections.abc import Sequence

from services.evaluation.domain.disclosure import Figure
from services.evaluation.domain.indicators import Indicator
from services.evaluation.domain.months import named


def series_sentence(indicator: Indicator, months: Sequence[str], figures: Sequence[Figure]) -> str:
    """`Attendance: 45 in August 2026; over these 12 months between 20 and 60.`"""
    last = f"{indicator.name}: {_words(figures[-1])} {_when(indicator, months[-1])}"
    shown = [each.number for each in figures if not each.hidden]
    if len(figures) == 1 or not shown:
        return f"{last}."
    if not any(each.number or each.hidden for each in figures):
        return f"{indicator.name}: none in these {len(figures)} months."
    low, high = min(shown), max(shown)
    span = f"always {low:,}" if low == high else f"between {low:,} and {high:,}"
    few = " where it is shown" if len(shown) < len(figures) else ""
    return f"{last}; over these {len(figures)} months {span}{few}."


def pulse_sentence(asked: Figure, answered: Figure, worth: Sequence[Figure], is_open: bool) -> str:
    """`Of 20 people asked 15 answered; most of them found it worth their time (4 or 5 of 5).`"""
    still = " It is still open." if is_open else ""
    if answered.hidden or not answered.number:
        number = "fewer than 8 people have" if answered.hidden else "nobody has"
        return f"Of {_people(asked)} asked {number} answered, so there is nothing to show yet.{still}"
    well, all_shown = sum(each.number for each in worth[3:]), not any(each.hidden for each in worth)
    # Rounded numbers say only what is far from the middle.
    if all_shown and well * 2 >= answered.number + 10:
        found = "; most of them found it worth their time (4 or 5 of 5)"
    elif all_shown and well * 2 <= answered.number - 10:
        found = "; most of them did not find it worth their time (1 to 3 of 5)"
    else:
        found = ""
    return f"Of {_people(asked)} asked {answered.number:,} answered{found}.{still}"


def _people(figure: Figure) -> str:
    return "fewer than 8 people" if figure.hidden else f"{figure.number:,} people"


def _words(figure: Figure) -> str:
    return "between 1 and 7" if figure.hidden else f"{figure.number:,}"


def _when(indicator: Indicator, month: str) -> str:
    return f"at the end of {named(month)}" if indicator.at_month_end else f"in {named(month)}"
