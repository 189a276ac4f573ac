"""What is counted, on SQLite and on PostgreSQL: limits hold for all workers together, and in any stretch of time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from gateway.app import MIGRATIONS
from gateway.counters import COUNTERS, TRIED, Counters, Limit, Per
from services.common.database import Database
from services.common.errors import TooMany
from tests.conftest import MakeDatabase

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
THREE = Limit("sign-in", Per.ADDRESS, 3, timedelta(minutes=10), "Too many.")
FIVE = Limit("sign-in", Per.NAME, 5, timedelta(minutes=10), "Too many.")


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database(MIGRATIONS)


def passes(counters: Counters, now: datetime) -> bool:
    try:
        counters.take(THREE, "192.0.2.1", now)
    except TooMany:
        return False
    return True


def test_no_stretch_of_ten_minutes_holds_more_than_the_limit(db: Database) -> None:
    counters = Counters(db, b"secret")
    tried = [NOW + timedelta(seconds=7 * number) for number in range(600)]

    passed = [at for at in tried if passes(counters, at)]

    most = max(sum(one <= other < one + THREE.window for other in passed) for one in passed)
    assert most == THREE.count and len(passed) >= 9


def test_whoever_waits_as_long_as_they_were_told_gets_in(db: Database) -> None:
    counters = Counters(db, b"secret")
    for late in (timedelta(minutes=1), timedelta(minutes=9)):
        counters.take(THREE, str(late), NOW)
        for _ in range(2):
            counters.take(THREE, str(late), NOW + late)

        with pytest.raises(TooMany) as refused:
            counters.take(THREE, str(late), NOW + late)
        counters.take(THREE, str(late), NOW + late + timedelta(seconds=refused.value.retry_after_s))


def test_of_two_limits_one_that_is_used_up_costs_nothing_of_the_other(db: Database) -> None:
    counters = Counters(db, b"secret")
    for _ in range(3):
        counters.take_all([(THREE, "192.0.2.1"), (FIVE, "ann")], NOW)
    for _ in range(5):
        with pytest.raises(TooMany):
            counters.take_all([(THREE, "192.0.2.1"), (FIVE, "ann")], NOW)

    counters.take(FIVE, "ann", NOW)
    counters.take(FIVE, "ann", NOW)
    with pytest.raises(TooMany):
        counters.take(FIVE, "ann", NOW)


def test_names_that_were_typed_in_a_tab_are_known_for_a_day(db: Database) -> None:
    counters = Counters(db, b"secret")
    for who in ("b", "a", "b"):
        counters.note("tab", who, NOW)

    assert counters.noted("tab") == ["a", "b"] and counters.noted("another") == []
    counters.sweep(NOW + timedelta(days=2))
    with db.read() as conn:
        assert conn.execute(select(TRIED)).all() == []


def test_forty_tries_at_once_pass_the_limit_three_times(db: Database) -> None:
    counters = Counters(db, b"secret")

    def attempt(_: int) -> bool:
        try:
            counters.take(THREE, "192.0.2.1", NOW)
        except TooMany as refusal:
            assert 0 < refusal.retry_after_s <= 1201
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        passed = list(pool.map(attempt, range(40)))

    assert passed.count(True) == 3


def test_tries_on_both_sides_of_a_windows_edge_pass_the_limit_together_three_times(db: Database) -> None:
    counters = Counters(db, b"secret")
    edge = [NOW + number * THREE.window * 3 for number in range(1, 9)]

    for at in edge:
        sides = [at - timedelta(microseconds=1), at] * 6
        with ThreadPoolExecutor(12) as pool:
            passed = list(pool.map(lambda moment: passes(counters, moment), sides))
        assert passed.count(True) <= THREE.count


def test_another_address_and_another_hour_have_counts_of_their_own(db: Database) -> None:
    counters = Counters(db, b"secret")
    for _ in range(3):
        counters.take(THREE, "192.0.2.1", NOW)

    counters.take(THREE, "192.0.2.2", NOW)
    counters.take(THREE, "192.0.2.1", NOW + timedelta(minutes=20))
    with pytest.raises(TooMany):
        counters.take(THREE, "192.0.2.1", NOW)


def test_what_is_given_back_after_its_window_makes_no_room_in_the_next(db: Database) -> None:
    counters = Counters(db, b"secret")
    just_before, later = NOW + timedelta(minutes=9, seconds=59), NOW + timedelta(minutes=20, seconds=1)
    for _ in range(3):
        counters.take(THREE, "192.0.2.1", just_before)
    for _ in range(5):
        counters.give_back(THREE, "192.0.2.1", just_before)

    assert [passes(counters, later - timedelta(minutes=10)) for _ in range(4)] == [True] * 3 + [False]
    assert [passes(counters, later) for _ in range(4)] == [False] * 4


def test_an_honest_try_is_given_back_and_no_address_is_kept(db: Database) -> None:
    counters = Counters(db, b"secret")
    for _ in range(10):
        counters.take(THREE, "192.0.2.1", NOW)
        counters.give_back(THREE, "192.0.2.1", NOW)

    with db.read() as conn:
        kept = conn.execute(select(COUNTERS)).all()

    assert {row.since: row[3] for row in kept}[NOW] == 0 and sum(row[3] for row in kept) == 0
    assert "192.0.2.1" not in str(kept)
