"""Batches of the timetable, on both databases: many rows at once, each settled for itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from services.common import timetable
from services.common.database import Database
from services.common.timetable import Due, Timetable

NOW = datetime(2026, 8, 31, 14, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


def put_in(db: Database, kind: str, keys: Sequence[str], due_at: datetime = NOW) -> None:
    with db.write() as conn:
        timetable.add_all(conn, kind, keys, due_at)


def waiting(db: Database) -> dict[str, int]:
    with db.read() as conn:
        return {key: attempts for key, attempts in conn.execute(text("select key, attempts from timetable"))}


def settle(db: Database, row: Due, due_at: datetime | None = None) -> None:
    with db.write() as conn:
        timetable.settle(conn, row, due_at)


def test_a_batch_is_handed_fifty_due_rows_and_none_that_are_not_due(db: Database) -> None:
    handed: list[list[str]] = []
    runner = Timetable(db, {}, lambda: NOW, {"send": lambda rows: handed.append([row.key for row in rows])})
    put_in(db, "send", [f"key {number:03}" for number in range(120)])
    put_in(db, "send", ["not yet"], LATER)

    pauses = [runner.step() for _ in range(3)]

    assert [len(rows) for rows in handed] == [50, 50, 20] and len({key for rows in handed for key in rows}) == 120
    assert pauses[:2] == [0.0, 0.0] and pauses[2] > 0 and list(waiting(db)) == ["not yet"]


def test_a_batch_settles_each_row_for_itself_and_what_it_leaves_is_done(db: Database) -> None:
    def batch(rows: Sequence[Due]) -> None:
        by_key = {row.key: row for row in rows}
        settle(db, by_key["done"])
        settle(db, by_key["again"], LATER)

    put_in(db, "send", ["done", "again", "left"])
    Timetable(db, {}, lambda: NOW, {"send": batch}).step()

    assert waiting(db) == {"again": 0}


def test_many_rows_are_settled_together_but_not_one_that_was_moved(db: Database) -> None:
    def batch(rows: Sequence[Due]) -> None:
        with db.write() as conn:
            timetable.add(conn, "send", "moved", NOW + timedelta(days=1))
            timetable.settle_all(conn, [(row, LATER if row.key == "again" else None) for row in rows])

    put_in(db, "send", ["done", "again", "moved"])
    Timetable(db, {}, lambda: NOW, {"send": batch}).step()

    with db.read() as conn:
        left = conn.execute(select(timetable.timetable.c.key, timetable.timetable.c.due_at)).all()
    assert {key: due_at for key, due_at in left} == {"again": LATER, "moved": NOW + timedelta(days=1)}


def test_one_rows_fault_does_not_hold_up_the_others_of_its_batch(db: Database) -> None:
    tried: list[list[str]] = []

    def batch(rows: Sequence[Due]) -> None:
        tried.append([row.key for row in rows])
        for row in rows:
            if row.key == "bad":
                raise RuntimeError("the printer is on fire")
            settle(db, row)

    put_in(db, "send", ["first", "bad", "last"])
    Timetable(db, {}, lambda: NOW, {"send": batch}).step()

    assert tried == [["first", "bad", "last"], ["bad"], ["last"]] and waiting(db) == {"bad": 1}


def test_a_process_that_ends_within_a_batch_repeats_only_what_was_not_settled(db: Database) -> None:
    def ends(rows: Sequence[Due]) -> None:
        settle(db, rows[0])
        raise KeyboardInterrupt

    put_in(db, "send", ["first", "second", "third"])
    with pytest.raises(KeyboardInterrupt):
        Timetable(db, {}, lambda: NOW, {"send": ends}).step()
    handed: list[str] = []
    Timetable(db, {}, lambda: NOW, {"send": lambda rows: handed.extend(row.key for row in rows)}).step()

    assert handed == ["second", "third"] and waiting(db) == {}


def test_the_kind_that_stands_first_does_not_wait_for_thousands_of_another(db: Database) -> None:
    handed: list[str] = []

    def note(rows: Sequence[Due]) -> None:
        handed.append(rows[0].kind)

    runner = Timetable(db, {}, lambda: NOW, {"urgent": note, "many": note})
    put_in(db, "many", [f"key {number}" for number in range(1000)], NOW - timedelta(minutes=1))
    runner.step()
    put_in(db, "urgent", ["now"])
    runner.step()

    assert handed == ["many", "urgent", "many"]


def test_a_row_that_was_moved_while_its_batch_ran_keeps_its_new_time(db: Database) -> None:
    def batch(rows: Sequence[Due]) -> None:
        with db.write() as conn:
            timetable.add(conn, "send", rows[0].key, LATER)

    put_in(db, "send", ["moved"])
    Timetable(db, {}, lambda: NOW, {"send": batch}).step()

    assert waiting(db) == {"moved": 0}
