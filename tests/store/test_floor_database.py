"""What the database promises every service."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from services.common import facts, migrating
from services.common.database import Database, announce
from services.common.errors import TooMany
from services.common.facts import generations
from services.common.migrating import WrongVersion
from tests.databases import SqliteDatabases, open_database

NOW = datetime(2026, 8, 31, 14, 0, tzinfo=UTC)


def test_no_update_is_lost_when_sixteen_people_change_one_number(db: Database) -> None:
    with db.write() as conn:
        conn.execute(text("create table tally (n integer)"))
        conn.execute(text("insert into tally values (0)"))

    def add_one(_: int) -> bool:
        """On a slow machine somebody may wait too long for their turn: they are told so, and have changed nothing."""
        with suppress(TooMany), db.write() as conn:
            suffix = "" if db.sqlite else " for update"
            found = conn.scalar(text(f"select n from tally{suffix}"))
            conn.execute(text("update tally set n = :n"), {"n": (found or 0) + 1})
            return True
        return False

    with ThreadPoolExecutor(16) as people:
        added = sum(people.map(add_one, range(320)))

    with db.read() as conn:
        assert conn.scalar(text("select n from tally")) == added > 16


def test_a_block_that_fails_changes_nothing_and_wakes_nobody(db: Database) -> None:
    woken: list[str] = []
    db.when("facts", lambda: woken.append("facts"))

    with pytest.raises(ZeroDivisionError), db.write() as conn:
        conn.execute(insert(generations).values(started_at=NOW))
        announce(conn, "facts")
        raise ZeroDivisionError

    with db.read() as conn:
        assert facts.generation(conn) == 0
    assert woken == []


def test_those_who_wait_for_facts_are_woken_after_the_commit(db: Database) -> None:
    seen: list[int] = []

    def look() -> None:
        with db.read() as conn:
            seen.append(facts.generation(conn))

    db.when("facts", look)
    with db.write() as conn:
        facts.resend(conn, NOW)

    assert seen == [1]


def test_reading_never_changes_anything(db: Database) -> None:
    with db.read() as conn:
        conn.execute(insert(generations).values(started_at=NOW))

    with db.read() as conn:
        assert facts.generation(conn) == 0


def test_a_statement_that_takes_too_long_is_ended_with_a_sentence(db: Database) -> None:
    endless = (
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000000) select count(*) from n"
        if db.sqlite
        else "select pg_sleep(30)"
    )

    with pytest.raises(TooMany, match="Nothing was changed"), db.read() as conn:
        conn.execute(text(endless))

    with db.read() as conn:
        assert conn.scalar(text("select 1")) == 1


def test_who_finds_the_database_held_is_asked_to_try_again(db: Database) -> None:
    holding, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db.write() as conn:
            conn.execute(insert(generations).values(id=1, started_at=NOW))
            holding.set()
            done.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    holding.wait(20)
    with pytest.raises(TooMany, match="try again"), db.write() as conn:
        conn.execute(insert(generations).values(id=1, started_at=NOW))
        conn.execute(update(generations).values(started_at=NOW))
    done.set()
    holder.join()


def test_on_a_full_disk_nothing_is_half_written_and_the_sentence_says_whom_to_tell(
    sqlite_databases: SqliteDatabases, no_service: Path
) -> None:
    db = open_database(sqlite_databases, no_service)
    # SQLite says "database or disk is full" at its own limit as it does at the disk's.
    event.listen(db.engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 1"))
    db.dispose()

    with pytest.raises(TooMany, match=r"disk of this node is full.*tell the operator"), db.write() as conn:
        conn.execute(insert(generations), [{"started_at": NOW + timedelta(days=day)} for day in range(5_000)])

    with db.read() as conn:
        assert facts.generation(conn) == 0
    db.dispose()


def test_only_one_runner_holds_a_lock_of_the_database(db: Database) -> None:
    with db.only_one("relay") as first, db.only_one("relay") as second, db.only_one("audit") as other:
        assert (first, second, other) == (True, False, True)

    with db.only_one("relay") as again:
        assert again


def test_an_instant_comes_back_in_utc_whatever_zone_it_was_given_in(db: Database) -> None:
    summer = timezone(timedelta(hours=1))

    with db.write() as conn:
        conn.execute(insert(generations).values(id=7, started_at=NOW.astimezone(summer)))

    with db.read() as conn:
        found = conn.scalar(select(generations.c.started_at))
    assert found == NOW
    assert found is not None and found.utcoffset() == timedelta(0)


def test_migrating_twice_changes_nothing(db: Database, no_service: Path) -> None:
    migrating.migrate(db, no_service)
    migrating.check(db, no_service)


def test_a_database_of_a_newer_fosse_that_does_not_serve_us_is_refused_with_what_to_do(
    db: Database, no_service: Path
) -> None:
    with db.write() as conn:
        conn.execute(text("update alembic_version set version_num = 'floor_9999'"))
        conn.execute(text("update oldest_served set revision = 'floor_9998'"))

    for attempt in (migrating.check, migrating.migrate):
        with pytest.raises(WrongVersion, match="newer Fosse"):
            attempt(db, no_service)


def test_a_database_of_a_newer_fosse_that_serves_us_is_worked_on(db: Database, no_service: Path) -> None:
    with db.write() as conn:
        conn.execute(text("update alembic_version set version_num = 'floor_9999'"))

    migrating.check(db, no_service)
    assert not migrating.migrate(db, no_service)


def test_a_database_without_tables_is_refused_by_a_service(tmp_path: Path, no_service: Path) -> None:
    empty = Database(f"sqlite:///{tmp_path / 'empty.db'}")

    with pytest.raises(WrongVersion, match="set-up step"):
        migrating.check(empty, no_service)

    empty.dispose()


def test_an_error_of_the_database_names_nobody(db: Database) -> None:
    with pytest.raises(DBAPIError) as fault, db.write() as conn:
        conn.execute(text("insert into no_such_table values (:name)"), {"name": "Ann Example"})

    assert "Ann Example" not in str(fault.value)
