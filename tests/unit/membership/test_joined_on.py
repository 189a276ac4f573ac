"""Since when a member belongs: a day that has come, said once, when they are added."""

from contextlib import nullcontext
from datetime import UTC, date, datetime

import pytest

from services.common.errors import Invalid
from services.membership import domain
from services.membership.domain.importing import Areas, Finding, Wish, columns_of, decide, read_row, read_sheet
from tests.unit.membership.people import CARE_HOMES, a_convenor, a_member

NOW = datetime(2026, 8, 31, 9, 0, tzinfo=UTC)


def read(text: str) -> tuple[list[Wish], list[Finding]]:
    sheet = read_sheet(text.encode())
    columns = columns_of(sheet.heading.cells)
    rows = [read_row(row, columns, Areas.of([]), now=NOW) for row in sheet.rows]
    return [wish for wish, _ in rows if wish], [fault for _, faults in rows for fault in faults]


def test_since_when_a_member_belongs_stays_as_it_was_said_when_they_were_added() -> None:
    before = a_member(joined_on=date(2026, 3, 1), version=1)

    put = domain.put_member("operator", before, a_member(name="Ann Married", version=1))
    same = domain.put_member("operator", before, a_member(joined_on=date(2026, 3, 1), version=1))
    with pytest.raises(Invalid) as refused:
        domain.put_member("operator", before, a_member(joined_on=date(2026, 4, 1), version=1))

    assert (put.joined_on, put.version) == (date(2026, 3, 1), 2)
    assert same == before
    assert refused.value.fields == {"joined_on": "It says 2026-03-01. Leave it empty, so that it stays."}


@pytest.mark.parametrize(
    ("day", "fine"), [(date(2026, 8, 31), True), (date(2026, 9, 1), True), (date(2026, 9, 2), False)]
)
def test_nobody_is_added_as_of_a_day_to_come_by_the_clock_of_england(day: date, fine: bool) -> None:
    past_midnight_in_england = datetime(2026, 8, 31, 23, 30, tzinfo=UTC)

    with nullcontext() if fine else pytest.raises(Invalid, match="Nothing was saved"):
        domain.refuse_joining_later(a_member(joined_on=day), past_midnight_in_england)


def test_since_when_somebody_belongs_is_a_day_that_has_come() -> None:
    wishes, found = read(
        "name,email,Member since\nAnn Example,a@b.example,31/03/2026\nBen Example,a@b.example,2026-08-31\n"
        "Cy Example,a@b.example,2026-09-01\nDi Example,a@b.example,0026-03-31\nEd Example,a@b.example,spring\n"
    )

    assert [wish.joined_on for wish in wishes] == [date(2026, 3, 31), date(2026, 8, 31)]
    assert [(each.line, each.column, each.reason) for each in found] == [
        (4, "Member since", "Write a day that has come already, not before 1900."),
        (5, "Member since", "Write a day that has come already, not before 1900."),
        (6, "Member since", "Write the day as 2026-08-31 or 31/08/2026."),
    ]


def test_since_when_somebody_belongs_is_taken_for_new_members_only() -> None:
    before, wish = a_member(version=3), Wish(2, "Ann", "ann@home.example", joined_on=date(2026, 3, 1))

    known, new = (
        decide(a_convenor(), wish, each, member_id="x", organisation_id="", community_id=CARE_HOMES)
        for each in (before, None)
    )

    assert known.after == before
    assert new.after is not None and new.after.joined_on == date(2026, 3, 1)
