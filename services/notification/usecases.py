"""News is queued once, tried until it is told or given up, and listed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from services.common import timetable
from services.common.access import Person
from services.common.database import Database
from services.common.ids import new_id
from services.notification import domain, store
from services.notification.domain import Adopted, Delivery, Outcome, State

SEND = "send"


def tell_authors(conn: Connection, adopted: Adopted, now: datetime) -> None:
    """In the bus's transaction."""
    for news in domain.news_of(adopted):
        delivery = Delivery(new_id(), news, now)
        if store.add_once(conn, delivery):
            timetable.add(conn, SEND, delivery.id, now)


def waiting(db: Database, delivery_id: str) -> Delivery | None:
    """The delivery, if it still is to be made."""
    with db.read() as conn:
        found = store.delivery(conn, delivery_id)
    return found if found and found.state is State.QUEUED else None


def record(db: Database, delivery: Delivery, outcome: Outcome, now: datetime) -> datetime | None:
    """Notes how an attempt went; returns when to try again."""
    tried, following = domain.after(delivery, outcome, now)
    with db.write() as conn:
        store.record(conn, tried)
    return following


def give_up_without_address(db: Database, delivery: Delivery) -> None:
    with db.write() as conn:
        store.record(conn, domain.without_address(delivery))


def list_deliveries(
    db: Database, *, reader: Person | str, before: int | None, limit: int
) -> Sequence[tuple[int, Delivery]]:
    """Newest first with their numbers, those this reader may see."""
    with db.read() as conn:
        return store.page(conn, domain.whose(reader), before, limit)


def get_delivery(db: Database, delivery_id: str, *, reader: Person | str) -> Delivery:
    with db.read() as conn:
        return domain.may_see(reader, store.delivery(conn, delivery_id))
