"""The ledger of deliveries, on SQLite and on PostgreSQL: nobody is told twice, nothing is lost."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select

from services.common.database import Database
from services.common.timetable import timetable
from services.notification import store, usecases
from services.notification.domain import Adopted, Delivery, Later, News, Refused, Sent, State
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.membership.people import a_person, an_id

NOW = HeldClock()()


def an_adoption(number: int = 1, authors: tuple[int, ...] = (1, 2)) -> Adopted:
    ids = tuple(an_id(author) for author in authors)
    return Adopted(an_id(100 + number), "adopted", an_id(50), "Drinking enough", "Derbyshire", "", ids)


def test_telling_twice_queues_once_and_asks_the_timetable_once(make_database: MakeDatabase) -> None:
    db = make_database("notification")

    for _ in range(2):
        with db.write() as conn:
            usecases.tell_authors(conn, an_adoption(), NOW)

    with db.read() as conn:
        assert len(store.page(conn, "", None, 10)) == 2
        assert conn.scalar(select(func.count()).select_from(timetable)) == 2


def test_a_delivery_is_read_as_it_was_queued_and_as_it_went(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    news = News("resource_adopted", an_id(101), an_id(1), "Ünique “words”", {"title": "Ünique"})
    delivery = Delivery(an_id(9), news, NOW)

    with db.write() as conn:
        assert store.add_once(conn, delivery)
    assert usecases.waiting(db, delivery.id) == delivery

    assert usecases.record(db, delivery, Later("Not now."), NOW) == NOW + timedelta(minutes=1)
    tried = replace(delivery, attempts=1, problem="Not now.")
    assert usecases.waiting(db, delivery.id) == tried

    assert usecases.record(db, tried, Sent(), NOW) is None
    assert usecases.waiting(db, delivery.id) is None
    assert usecases.get_delivery(db, delivery.id, reader=a_person(1)).state is State.SENT


def test_what_was_refused_for_good_is_not_tried_again(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    with db.write() as conn:
        usecases.tell_authors(conn, an_adoption(authors=(1,)), NOW)
    delivery = _all(db)[0]

    assert usecases.record(db, delivery, Refused("No."), NOW) is None

    assert (_all(db)[0].state, _all(db)[0].problem) == (State.BOUNCED, "No.")


def test_deliveries_are_listed_newest_first_in_pages(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    for number in range(5):
        with db.write() as conn:
            usecases.tell_authors(conn, an_adoption(number), NOW)

    first = usecases.list_deliveries(db, reader=a_person(1), before=None, limit=3)
    second = usecases.list_deliveries(db, reader=a_person(1), before=first[-1][0], limit=3)

    listed = [delivery.news.item_id for _, delivery in [*first, *second]]
    assert listed == [an_id(100 + number) for number in (4, 3, 2, 1, 0)]
    assert len(usecases.list_deliveries(db, reader="operator", before=None, limit=100)) == 10


def _all(db: Database) -> list[Delivery]:
    return [delivery for _, delivery in usecases.list_deliveries(db, reader="operator", before=None, limit=100)]
