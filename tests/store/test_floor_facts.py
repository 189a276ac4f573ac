"""Facts, the timetable and the audit chain, on both databases."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update

from fosse.common.v1.facts_pb2 import ItemShared
from services.common import audit, audit_chain, facts, seen, timetable
from services.common.access import Person
from services.common.audit_chain import chain
from services.common.bus import KEPT_SEEN
from services.common.database import Database
from services.common.facts import START
from services.common.kafka import clients
from services.common.timetable import Due, Timetable

NOW = datetime(2026, 8, 31, 14, 0, tzinfo=UTC)
ITEM = "a" * 32


def say(db: Database, version: int, now: datetime = NOW) -> None:
    with db.write() as conn:
        facts.put(conn, ItemShared(item_id=ITEM, version=version), ITEM, now)


def versions(found: list[facts.Fact]) -> list[int]:
    return [ItemShared.FromString(fact.body).version for fact in found]


def test_facts_are_read_in_the_order_in_which_they_were_said(db: Database) -> None:
    for version in (1, 2, 3):
        say(db, version)

    with db.read() as conn:
        first = facts.after(conn, START, 2)
        rest = facts.after(conn, first[-1].place, 2)

    assert versions(first) == [1, 2]
    assert versions(rest) == [3]


# SQLite has one writer at a time, so nothing could be passed there.
@pytest.mark.parametrize("make_database", ["postgres"], indirect=True)
def test_a_reader_by_cursor_never_passes_a_fact_that_is_still_being_written(db: Database) -> None:
    written, may_commit = threading.Event(), threading.Event()

    def slowly() -> None:
        with db.write() as conn:
            facts.put(conn, ItemShared(item_id=ITEM, version=1), ITEM, NOW)
            written.set()
            may_commit.wait(20)

    slow = threading.Thread(target=slowly)
    slow.start()
    written.wait(20)
    say(db, 2)
    with db.read() as conn:
        early = facts.after(conn, START, 10)
    may_commit.set()
    slow.join()
    with db.read() as conn:
        late = facts.after(conn, START, 10)

    assert early == []
    assert sorted(versions(late)) == [1, 2]


def test_what_was_carried_is_not_carried_again_until_somebody_asks(db: Database) -> None:
    say(db, 1)
    with db.write() as conn:
        facts.mark_sent(conn, [fact.place.number for fact in facts.unsent(conn, "topic-1", 10)], "topic-1")
    with db.read() as conn:
        after_sending = facts.unsent(conn, "topic-1", 10)
        new_topic = facts.unsent(conn, "topic-2", 10)
    with db.write() as conn:
        again = facts.resend(conn, NOW)
        after_replay = facts.unsent(conn, "topic-1", 10)

    assert (after_sending, versions(new_topic), again, versions(after_replay)) == ([], [1], 1, [1])


def test_facts_are_kept_for_thirty_five_days(db: Database) -> None:
    say(db, 1, NOW - timedelta(days=36))
    say(db, 2, NOW - timedelta(days=34))

    with db.write() as conn:
        facts.prune(conn, NOW, 100)

    with db.read() as conn:
        assert versions(facts.after(conn, START, 10)) == [2]


def test_what_is_too_old_goes_in_portions_the_oldest_first(db: Database) -> None:
    for version in (1, 2, 3):
        say(db, version, NOW - timedelta(days=40 - version))
    with db.write() as conn:
        for number, message in enumerate(("a", "b", "c")):
            seen.note(conn, "listener", [message], NOW - timedelta(days=60 - number))

    with db.write() as conn:
        gone = [facts.prune(conn, NOW, 2), seen.prune(conn, NOW - KEPT_SEEN, 2)]
        left = versions(facts.after(conn, START, 10)), seen.unseen(conn, "listener", ["a", "b", "c"])
        gone += [facts.prune(conn, NOW, 2), seen.prune(conn, NOW - KEPT_SEEN, 2)]

    assert gone == [2, 2, 1, 1]
    assert left == ([3], {"a", "b"})


def test_no_fact_can_come_back_after_its_message_was_forgotten() -> None:
    assert facts.KEPT + clients.KEPT < KEPT_SEEN


def test_a_job_runs_when_it_is_due_and_not_before(db: Database) -> None:
    clock, ran = [NOW], list[str]()

    def job(row: Due) -> None:
        ran.append(row.key)

    runner = Timetable(db, {"remind": job}, lambda: clock[0])
    with db.write() as conn:
        timetable.add(conn, "remind", "later", NOW + timedelta(hours=1))
    runner.step()
    before = list(ran)
    clock[0] = NOW + timedelta(hours=1)
    runner.step()
    runner.step()

    assert (before, ran) == ([], ["later"])


def test_a_job_that_fails_is_tried_again_later_each_time_and_others_go_on(db: Database) -> None:
    clock, ran = [NOW], list[tuple[str, int]]()

    def job(row: Due) -> None:
        ran.append((row.key, row.attempts))
        if row.key == "bad":
            raise RuntimeError("the printer is on fire")

    runner = Timetable(db, {"send": job}, lambda: clock[0])
    with db.write() as conn:
        timetable.add(conn, "send", "bad", NOW)
        timetable.add(conn, "send", "good", NOW)
    runner.step()
    runner.step()
    clock[0] = NOW + timedelta(minutes=1)
    runner.step()

    assert sorted(ran) == [("bad", 0), ("bad", 1), ("good", 0)]


def test_a_row_put_in_twice_is_one_row_at_the_new_time(db: Database) -> None:
    with db.write() as conn:
        timetable.add(conn, "remind", "x", NOW)
        timetable.add(conn, "remind", "x", NOW + timedelta(days=1))

    with db.read() as conn:
        assert conn.scalar(text("select count(*) from timetable")) == 1
        assert timetable.overdue(conn, NOW + timedelta(hours=2)) == 0


def test_the_sealed_trail_is_intact_and_shows_who_did_what(db: Database) -> None:
    note_three(db)

    with db.read() as conn:
        assert audit_chain.verify(conn).broken_at is None
        assert [row.action for row in audit.rows_before(conn, ITEM, None, 2)] == ["withdrew", "published"]
        assert (audit.count(conn), audit.unsealed(conn)) == (3, audit.Unsealed(0, None))


@pytest.mark.parametrize("change", ["edited", "deleted", "swapped", "cut"])
def test_a_trail_that_was_tampered_with_breaks_at_that_row(db: Database, change: str) -> None:
    note_three(db)
    rows = audit.audit

    with db.write() as conn:
        if change == "edited":
            conn.execute(update(rows).where(rows.c.number == 2).values(actor="somebody else"))
        elif change == "deleted":
            conn.execute(delete(rows).where(rows.c.number == 2))
        elif change == "swapped":
            conn.execute(update(rows).where(rows.c.number == 2).values(action="created", number=9))
        else:
            conn.execute(delete(chain).where(chain.c.number == 2))

    with db.read() as conn:
        assert audit_chain.verify(conn).broken_at in {2, 3}


def note_three(db: Database) -> None:
    nurse = Person("m" * 32)
    for action in ("created", "published", "withdrew"):
        with db.write() as conn:
            audit.add(conn, nurse, action, ITEM, NOW)
    audit_chain.seal(db)
