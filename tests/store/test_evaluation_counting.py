"""Indicators over evaluation's tables, on SQLite and on PostgreSQL: each counts what its definition says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fosse.events.v1 import facts_pb2 as events
from fosse.resource.v1 import facts_pb2 as resource
from services.common.database import Database
from services.common.errors import Invalid, NotFound
from services.evaluation.domain.indicators import BY_CODE, INDICATORS
from services.evaluation.domain.standing import Cell
from services.evaluation.store import figures
from services.evaluation.usecases import counting, hearing, reading
from services.evaluation.usecases.reading import Asked
from tests.conftest import MakeDatabase
from tests.databases import SqliteDatabases, open_database
from tests.unit.evaluation.months import (
    CARE_HOMES,
    DERBYS,
    NOW,
    SOCIAL_CARE,
    Hearing,
    a_person,
    adopted,
    an_id,
    attended,
    in_month,
    meeting,
    member,
    place,
    published,
    refusals,
)

CANCELLED, DRAFT = events.MEETING_STATE_CANCELLED, events.MEETING_STATE_DRAFT
YEAR = Asked("2026-08", 12)


@pytest.fixture
def hearing_(make_database: MakeDatabase) -> Hearing:
    return Hearing(make_database("evaluation"))


def counted(db: Database, code: str, month: str, community: str = CARE_HOMES) -> int:
    with db.read() as conn:
        known = figures.of_community(conn, community, month)
    return reading.exact(BY_CODE[code], [month], known.get(code, {}))[0]


def test_members_stand_from_the_month_they_join_until_the_month_they_leave(hearing_: Hearing) -> None:
    hearing_.hear(member(1, organisation=7), member(2, organisation=7), member(3), at=in_month(3))
    hearing_.hear(member(2, organisation=7, version=2, left=True), at=in_month(6))

    members = [counted(hearing_.db, "members", f"2026-{month:02}") for month in (2, 3, 5, 6, 8)]
    homes = [counted(hearing_.db, "organisations", f"2026-{month:02}") for month in (2, 3, 8)]
    assert (members, homes) == ([0, 3, 3, 2, 2], [0, 1, 1])


def test_whoever_moves_to_another_community_leaves_the_first(hearing_: Hearing) -> None:
    hearing_.hear(member(1), at=in_month(3))
    # Membership says one fact for each community that the member is, or was, in.
    moves = member(1, version=2, left=True), member(1, version=2, community=SOCIAL_CARE)
    hearing_.hear(*moves, member(2, community=""), at=in_month(5))

    assert [counted(hearing_.db, "members", month) for month in ("2026-04", "2026-05")] == [1, 0]
    assert counted(hearing_.db, "members", "2026-05", SOCIAL_CARE) == 1


def test_attendance_counts_in_the_month_of_its_meeting_and_each_person_once_where_it_says_so(hearing_: Hearing) -> None:
    hearing_.hear(attended(1, by=5), attended(1, by=6, presence=events.PRESENCE_ONLINE), attended(2, by=5))
    hearing_.hear(attended(1, by=7, presence=events.PRESENCE_ABSENT))
    hearing_.hear(meeting(1, in_month(4)), meeting(2, in_month(4, day=20)))

    assert counted(hearing_.db, "attendance", "2026-04") == 3
    assert counted(hearing_.db, "attended_once", "2026-04") == 2
    assert counted(hearing_.db, "meetings", "2026-04") == 2


def test_a_corrected_attendance_replaces_the_first_and_an_older_one_changes_nothing(hearing_: Hearing) -> None:
    hearing_.hear(meeting(1, in_month(4)), attended(1, by=5, version=1))
    hearing_.hear(attended(1, by=5, version=3, presence=events.PRESENCE_ABSENT))
    hearing_.hear(attended(1, by=5, version=2))

    assert counted(hearing_.db, "attendance", "2026-04") == 0


def test_a_meeting_that_moves_takes_its_figures_along_and_a_cancelled_one_takes_them_away(hearing_: Hearing) -> None:
    hearing_.hear(meeting(1, in_month(4)), attended(1, by=5), refusals(1, 9))
    hearing_.hear(meeting(1, in_month(5), version=2))
    codes = ("meetings", "attendance", "refused_places")
    assert [counted(hearing_.db, code, "2026-04") for code in codes] == [0, 0, 0]
    assert [counted(hearing_.db, code, "2026-05") for code in codes] == [1, 1, 9]

    hearing_.hear(meeting(1, in_month(5), version=3, state=CANCELLED))

    assert [counted(hearing_.db, code, "2026-05") for code in codes] == [0, 0, 0]


def test_a_meeting_to_come_counts_once_it_begins(hearing_: Hearing) -> None:
    starts = NOW + timedelta(hours=3)
    hearing_.hear(meeting(1, starts), meeting(2, in_month(8), state=DRAFT))
    assert counted(hearing_.db, "meetings", "2026-08") == 0

    hearing_.now = starts + timedelta(seconds=1)
    with hearing_.db.write() as conn:
        hearing.meeting_begins(conn, an_id(1))
    hearing_.count()

    assert counted(hearing_.db, "meetings", "2026-08") == 1


def test_midnight_in_england_divides_the_months_not_midnight_utc(hearing_: Hearing) -> None:
    hearing_.hear(meeting(1, datetime(2026, 6, 30, 23, 30, tzinfo=UTC)))

    assert [counted(hearing_.db, "meetings", month) for month in ("2026-06", "2026-07")] == [0, 1]


def test_whoever_could_not_be_given_a_place_when_they_asked_counts_even_if_one_came_free(hearing_: Hearing) -> None:
    hearing_.hear(
        meeting(1, in_month(9)),
        place(1, 5, events.DECISION_WAITING, first=True),
        place(1, 5, events.DECISION_ROOM, promoted=True),
        place(1, 6, events.DECISION_REFUSED, first=True),
        place(1, 7, events.DECISION_ROOM, first=True),
    )

    assert counted(hearing_.db, "refused_places", "2026-09") == 2


def test_a_resource_counts_once_when_it_is_first_published_here(hearing_: Hearing) -> None:
    hearing_.hear(published(1, state=resource.RESOURCE_STATE_DRAFT), published(2, origin=DERBYS), at=in_month(3))
    hearing_.hear(published(1, version=2), at=in_month(4))
    hearing_.hear(published(1, version=3), at=in_month(5))

    assert [counted(hearing_.db, "resources_shared", f"2026-0{month}") for month in (3, 4, 5)] == [0, 1, 0]


def test_a_resource_is_taken_into_use_in_the_month_of_its_first_real_stage(hearing_: Hearing) -> None:
    hearing_.hear(adopted(1, "interested"), adopted(2, "trialling"), adopted(3, community=""), at=in_month(3))
    hearing_.hear(adopted(1, "adopted", version=2), adopted(2, "stopped", version=2), at=in_month(4))

    assert [counted(hearing_.db, "resources_adopted", f"2026-0{month}") for month in (3, 4)] == [1, 1]


def test_a_figure_that_was_counted_wrong_is_found_and_mended(hearing_: Hearing) -> None:
    hearing_.hear(meeting(1, in_month(4)), member(1), at=in_month(2))
    with hearing_.db.write() as conn:
        figures.replace(conn, Cell(CARE_HOMES, "meetings", "2026-04"), {})

    assert counting.recompute(hearing_.db, NOW).differences == 1
    assert counting.recompute(hearing_.db, NOW).differences == 0
    assert counted(hearing_.db, "meetings", "2026-04") == 1


def test_figures_are_for_the_people_of_their_community(hearing_: Hearing) -> None:
    with pytest.raises(NotFound):
        reading.list_indicators(hearing_.db, SOCIAL_CARE, YEAR, person=a_person(), now=NOW)


@pytest.mark.parametrize(("until", "months"), [("2026-13", 3), ("August", 3), ("", 37), ("", -1)])
def test_months_that_are_none_are_refused(hearing_: Hearing, until: str, months: int) -> None:
    with pytest.raises(Invalid):
        reading.list_indicators(hearing_.db, CARE_HOMES, Asked(until, months), person=a_person(), now=NOW)


def test_each_series_says_what_it_shows_in_one_sentence(hearing_: Hearing) -> None:
    hearing_.hear(*(member(number) for number in range(1, 14)), at=in_month(7))

    months, series = reading.list_indicators(hearing_.db, CARE_HOMES, YEAR, person=a_person(), now=NOW)

    assert (months[0], months[-1], len(series)) == ("2025-09", "2026-08", len(INDICATORS))
    assert series[0].sentence == ("Members: 15 at the end of August 2026; over these 12 months between 0 and 15.")
    assert series[2].sentence == "Meetings: none in these 12 months."


MONTHS = st.integers(1, 8)
FEW = st.integers(1, 4)
_OF_MEMBER, _ONCE = {"attended", "waits"}, {"published", "adopted"}
HISTORY = st.lists(
    st.one_of(
        st.tuples(st.just("member"), FEW, st.integers(1, 3), st.booleans(), st.integers(0, 2), MONTHS),
        st.tuples(st.just("meeting"), FEW, st.integers(1, 3), st.booleans(), st.just(0), MONTHS),
        st.tuples(st.just("attended"), FEW, st.integers(1, 3), st.booleans(), FEW, MONTHS),
        st.tuples(st.just("waits"), FEW, st.just(1), st.just(True), FEW, MONTHS),
        st.tuples(st.just("refusals"), FEW, st.integers(1, 3), st.just(True), st.integers(0, 9), MONTHS),
        st.tuples(st.just("published"), FEW, st.just(1), st.just(True), st.just(0), MONTHS),
        st.tuples(st.just("adopted"), FEW, st.just(1), st.booleans(), st.just(0), MONTHS),
    ),
    max_size=40,
    # One version of one thing says one thing.
    unique_by=lambda one: (*one[:3], one[4] * (one[0] in _OF_MEMBER), one[5] * (one[0] in _ONCE)),
)  # fmt: skip
Happened = tuple[str, int, int, bool, int, int]


@given(history=HISTORY, chance=st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_facts_in_any_order_and_any_number_of_times_add_up_to_a_plain_count(
    sqlite_databases: SqliteDatabases, history: list[Happened], chance: object
) -> None:
    db = open_database(sqlite_databases, "evaluation")
    ear = Hearing(db)
    told = history + history[: len(history) // 2]
    chance.shuffle(told)  # type: ignore[attr-defined]  # a random.Random

    ear.deliver([ear.message(_fact(one), in_month(one[5])) for one in told])

    with db.read() as conn:
        incremental = {cell: number for cell, number in figures.of_all(conn).items() if number}
        community = figures.of_community(conn, CARE_HOMES, "2026-12")
    months = [f"2026-{month:02}" for month in range(1, 9)]
    found = {code: reading.exact(BY_CODE[code], months, community.get(code, {})) for code in BY_CODE}
    assert found == _plain(history, months)
    assert counting.recompute(db, NOW).differences == 0
    with db.read() as conn:
        assert {cell: number for cell, number in figures.of_all(conn).items() if number} == incremental
    db.dispose()


def _fact(one: Happened):  # type: ignore[no-untyped-def]  # any of the facts
    what, number, version, flag, other, month = one
    presence = events.PRESENCE_ROOM if flag else events.PRESENCE_ABSENT
    return {
        "member": lambda: member(number, version=version, left=flag, organisation=other),
        "meeting": lambda: meeting(
            number, in_month(month), version=version, state=events.MEETING_STATE_ANNOUNCED if flag else CANCELLED
        ),
        "attended": lambda: attended(number, other, version=version, presence=presence),
        "waits": lambda: place(number, other, events.DECISION_WAITING),
        "refusals": lambda: refusals(number, other, version=version),
        "published": lambda: published(number),
        "adopted": lambda: adopted(number, "adopted" if flag else "interested"),
    }[what]()


def _plain(history: list[Happened], months: list[str]) -> dict[str, list[int]]:
    """The same, counted as somebody with a pencil would."""
    numbers: dict[str, list[int]] = {code: [] for code in BY_CODE}
    newest = {
        key: max((one for one in history if (one[0], one[1]) == key), key=lambda one: one[2])
        for key in {(one[0], one[1]) for one in history if one[0] in {"meeting", "refusals"}}
    }
    standing = {number: one[5] for (what, number), one in newest.items() if what == "meeting" and one[3]}
    noted: dict[tuple[int, int], Happened] = {}
    for one in sorted((one for one in history if one[0] == "attended"), key=lambda one: one[2]):
        noted[one[1], one[4]] = one
    first: dict[tuple[str, int], int] = {}
    for one in history:
        if one[0] in {"published", "adopted"} and one[3]:
            first[one[:2]] = min(one[5], first.get(one[:2], 99))
    for at in range(1, len(months) + 1):
        held = {number for number, month in standing.items() if month == at}
        there = [by for (of, by), one in noted.items() if of in held and one[3]]
        latest: dict[int, Happened] = {}
        for one in sorted((one for one in history if one[0] == "member" and one[5] <= at), key=lambda one: one[2]):
            latest[one[1]] = one
        members = [one for one in latest.values() if not one[3]]
        waiting = {one[1:5:3] for one in history if one[0] == "waits" and one[1] in held}
        noted_refusals = sum(one[4] for (what, of), one in newest.items() if what == "refusals" and of in held)
        numbers["members"].append(len(members))
        numbers["organisations"].append(len({one[4] for one in members if one[4]}))
        numbers["meetings"].append(len(held))
        numbers["attendance"].append(len(there))
        numbers["attended_once"].append(len(set(there)))
        numbers["refused_places"].append(len(waiting) + noted_refusals)
        numbers["resources_shared"].append(sum(key[0] == "published" and month == at for key, month in first.items()))
        numbers["resources_adopted"].append(sum(key[0] == "adopted" and month == at for key, month in first.items()))
    return numbers
