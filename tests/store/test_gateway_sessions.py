"""What the gateway remembers, on SQLite and on PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, inspect, select

from gateway.app import MIGRATIONS
from gateway.sessions import (
    METADATA,
    NOWHERE,
    SESSIONS,
    SIGN_INS,
    AtProvider,
    Sessions,
    Tokens,
)
from services.common.database import Database
from tests.conftest import MakeDatabase

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TOKENS = Tokens(access="access-1", access_until=1.0, refresh="refresh-1")


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return make_database(MIGRATIONS)


def rows(db: Database) -> tuple[int, ...]:
    with db.read() as conn:
        return tuple(conn.scalar(select(func.count()).select_from(table)) or 0 for table in (SESSIONS, SIGN_INS))


def test_a_session_is_found_by_its_number_alone(db: Database) -> None:
    sessions = Sessions(db)
    number, made = sessions.create(TOKENS, NOW)

    assert sessions.find(number, NOW) == made
    assert sessions.find(made.hash, NOW) is None
    assert sessions.find(number[:-1], NOW) is None


def test_tokens_lie_sealed(db: Database) -> None:
    Sessions(db).create(TOKENS, NOW)

    with db.read() as conn:
        row = conn.execute(select(SESSIONS)).one()

    assert b"access-1" not in row.tokens and b"refresh-1" not in row.tokens


def test_a_visit_keeps_a_session_alive_for_eight_more_hours_and_a_day_at_most(db: Database) -> None:
    sessions = Sessions(db)
    number, _ = sessions.create(TOKENS, NOW)

    visited = [sessions.find(number, NOW + timedelta(hours=hours)) is not None for hours in (7, 14, 21, 24, 25)]

    assert visited == [True, True, True, True, False]


def test_the_provider_ends_the_session_it_names_or_all_of_a_person(db: Database) -> None:
    sessions = Sessions(db)
    people = [AtProvider("ann", "1"), AtProvider("ann", "2"), AtProvider("ann"), AtProvider("bert", "3"), NOWHERE]
    numbers = [sessions.create(TOKENS, NOW, each)[0] for each in people]

    def there() -> list[bool]:
        return [sessions.find(number, NOW) is not None for number in numbers]

    assert sessions.end_as_told(AtProvider("ann", "2"), "first", NOW)
    assert there() == [True, False, True, True, True]
    assert not sessions.end_as_told(AtProvider("bert"), "first", NOW)
    assert sessions.end_as_told(AtProvider("ann"), "second", NOW)
    assert there() == [False, False, False, True, True]


def test_what_is_over_is_swept_away_and_what_is_not_stays(db: Database) -> None:
    sessions = Sessions(db)
    sessions.create(TOKENS, NOW - timedelta(hours=9))
    sessions.begin_sign_in("/", None, NOW - timedelta(minutes=11))
    number, _ = sessions.create(TOKENS, NOW)
    sessions.begin_sign_in("/", None, NOW)

    sessions.sweep(NOW)

    assert rows(db) == (1, 1)
    assert sessions.find(number, NOW)


def test_a_sign_in_is_taken_once_by_the_browser_that_began_it(db: Database) -> None:
    sessions = Sessions(db)
    begun, other = sessions.begin_sign_in("/shelf", None, NOW), sessions.begin_sign_in("/", None, NOW)

    assert sessions.take_sign_in(other.state, begun.browser, NOW) is None
    assert sessions.take_sign_in(begun.state, begun.browser, NOW) == begun
    assert sessions.take_sign_in(begun.state, begun.browser, NOW) is None


def test_of_sixteen_requests_one_renews(db: Database) -> None:
    sessions = Sessions(db)
    _, session = sessions.create(TOKENS, NOW)

    with ThreadPoolExecutor(16) as pool:
        claimed = list(pool.map(lambda _: sessions.claim_renewal(session, NOW), range(16)))

    assert claimed.count(True) == 1


def test_a_renewal_that_died_does_not_block_the_next(db: Database) -> None:
    sessions = Sessions(db)
    number, session = sessions.create(TOKENS, NOW)
    assert sessions.claim_renewal(session, NOW)

    assert not sessions.claim_renewal(session, NOW + timedelta(seconds=4))
    assert sessions.claim_renewal(session, NOW + timedelta(seconds=11))
    kept = sessions.keep(session, Tokens("access-2", 2.0))
    sessions.release(kept)

    assert sessions.claim_renewal(kept, NOW)
    found = sessions.find(number, NOW)
    assert found and found.tokens.access == "access-2"


def test_the_tables_are_those_that_the_code_knows(db: Database) -> None:
    found = inspect(db.engine)

    for table in METADATA.sorted_tables:
        assert {column["name"] for column in found.get_columns(table.name)} == {each.name for each in table.columns}
