"""How many facts are behind an indicator: told where they are not about people, and over no window otherwise."""

from google.protobuf.message import Message as Proto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fosse.events.v1 import facts_pb2 as events
from services.common.database import Database
from services.evaluation.domain.disclosure import Figure
from services.evaluation.domain.indicators import INDICATORS
from services.evaluation.usecases import reading
from services.evaluation.usecases.reading import Asked
from tests.conftest import MakeDatabase
from tests.databases import SqliteDatabases, open_database
from tests.unit.evaluation.months import (
    CARE_HOMES,
    NOW,
    Hearing,
    a_person,
    adopted,
    attended,
    in_month,
    meeting,
    member,
    place,
    published,
    refusals,
)

ABOUT_PEOPLE = [each.code for each in INDICATORS if not each.facts_told]
FEW_PEOPLE = st.integers(1, 7)


def facts_told(db: Database, code: str) -> list[Figure]:
    """How many facts are behind an indicator over every window of May to August, so that any two can be subtracted."""
    windows = [Asked(f"2026-{last:02}", months) for last in range(5, 9) for months in range(1, last - 3)]
    asked = [reading.get_indicator(db, CARE_HOMES, each, code=code, person=a_person(), now=NOW) for each in windows]
    return [behind for _, _, behind in asked]


def a_few_in(month: int, people: int, refused: int) -> list[Proto]:
    """So many who joined, came, stayed away or got no place; the figures of all of this are hidden."""
    told = [meeting(month, in_month(month)), refusals(month, refused), place(month, 40, events.DECISION_REFUSED)]
    for number in range(people):
        told += [member(number, organisation=number + 1), attended(month, by=number)]
        told += [attended(month, by=50 + number, presence=events.PRESENCE_ABSENT)]
    return told


@given(one=FEW_PEOPLE, other=FEW_PEOPLE, refused=FEW_PEOPLE, month=st.integers(5, 8))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_that_are_subtracted_tell_nothing_of_a_hidden_number(
    sqlite_databases: SqliteDatabases, one: int, other: int, refused: int, month: int
) -> None:
    learned = []
    for people in (one, other):
        db = open_database(sqlite_databases, "evaluation")
        ear = Hearing(db)
        ear.hear(*(member(100 + number) for number in range(20)), at=in_month(6))
        ear.hear(*a_few_in(month, people, refused if people == one else 8 - refused), at=in_month(month))
        learned.append({code: facts_told(db, code) for code in ABOUT_PEOPLE})
        db.dispose()

    assert ABOUT_PEOPLE == ["members", "organisations", "attendance", "attended_once", "refused_places"]
    assert learned[0] == learned[1]


def test_how_many_facts_are_behind_is_told_where_they_are_not_about_people(make_database: MakeDatabase) -> None:
    ear = Hearing(make_database("evaluation"))
    ear.hear(meeting(1, in_month(5)), meeting(2, in_month(8)), attended(1, by=5), published(1), adopted(1))

    told = [facts_told(ear.db, code)[0].number for code in ("meetings", "resources_shared", "resources_adopted")]
    assert told == [1, 0, 0]
    assert facts_told(ear.db, "attendance")[0].reason.startswith("Not told of facts about people")
