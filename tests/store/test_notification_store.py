"""The ledger of deliveries, on SQLite and on PostgreSQL: nobody is told twice, nothing is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from services.common.database import Database
from services.common.timetable import Due, Timetable, timetable
from services.notification import usecases
from services.notification.domain.adoptions import Adopted, news_of
from services.notification.domain.delivery import Delivery, Later, News, Outcome, Refused, Sent, State
from services.notification.usecases import SEND
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.membership.people import a_person, an_id

NOW = HeldClock()()


def tell(db: Database, number: int = 1, authors: tuple[int, ...] = (1, 2)) -> None:
    ids = tuple(an_id(author) for author in authors)
    adopted = Adopted(an_id(100 + number), "adopted", an_id(50), "Drinking enough", "Derbyshire", "", ids)
    with db.write() as conn:
        usecases.tell(conn, news_of(adopted), NOW)


def attempt(db: Database, outcome: Outcome) -> None:
    """One batch goes like this for each of its mails."""

    def send(due: Sequence[Due]) -> None:
        found = usecases.waiting(db, [row.key for row in due])
        usecases.record(db, [(row, each, outcome) for row in due for each in found if each.id == row.key], NOW)

    Timetable(db, {}, lambda: NOW, {SEND: send}).step()


def due_rows(db: Database) -> int:
    with db.read() as conn:
        return int(conn.scalar(select(func.count()).select_from(timetable)) or 0)


def all_deliveries(db: Database) -> list[Delivery]:
    return [delivery for _, delivery in usecases.list_deliveries(db, reader="operator", before=None, limit=100)]


def test_telling_twice_queues_once_and_asks_the_timetable_once(make_database: MakeDatabase) -> None:
    db = make_database("notification")

    tell(db)
    tell(db)

    assert len(all_deliveries(db)) == 2 and due_rows(db) == 2


def test_a_delivery_is_read_as_it_was_queued_and_as_it_went(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    news = News("resource_adopted", an_id(101), an_id(1), "Ünique “words”", {"title": "Ünique", "lists": ["of", "it"]})
    with db.write() as conn:
        usecases.tell(conn, [news], NOW)
    queued = all_deliveries(db)[0]
    assert usecases.waiting(db, [queued.id]) == [Delivery(queued.id, news, NOW)]

    attempt(db, Later("Not now."))
    assert usecases.waiting(db, [queued.id]) == [replace(queued, attempts=1, problem="Not now.")]
    with db.read() as conn:
        assert conn.scalar(select(timetable.c.due_at)) == NOW + timedelta(minutes=1)


def test_what_was_sent_is_no_longer_waiting(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    tell(db, authors=(1,))

    attempt(db, Sent())

    delivery = all_deliveries(db)[0]
    assert usecases.waiting(db, [delivery.id]) == [] and due_rows(db) == 0
    assert usecases.get_delivery(db, delivery.id, reader=a_person(1)).state is State.SENT


def test_what_was_refused_for_good_is_not_tried_again(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    tell(db, authors=(1,))

    attempt(db, Refused("No."))

    assert [(each.state, each.problem) for each in all_deliveries(db)] == [(State.BOUNCED, "No.")]
    assert due_rows(db) == 0


def test_deliveries_are_listed_newest_first_in_pages(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    for number in range(5):
        tell(db, number)

    first = usecases.list_deliveries(db, reader=a_person(1), before=None, limit=3)
    second = usecases.list_deliveries(db, reader=a_person(1), before=first[-1][0], limit=3)

    listed = [delivery.news.item_id for _, delivery in [*first, *second]]
    assert listed == [an_id(100 + number) for number in (4, 3, 2, 1, 0)]
    assert len(all_deliveries(db)) == 10
