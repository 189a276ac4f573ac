"""News is queued once, tried until it is told or given up, listed, and tried again where a convenor asks for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from services.common import audit, timetable
from services.common.access import Person
from services.common.database import Database
from services.common.ids import new_id
from services.common.timetable import Due
from services.notification import store
from services.notification.domain import delivery as domain
from services.notification.domain.delivery import Delivery, Letter, Mailing, News, Outcome, State

# News to one member alone goes before what everybody gets.
SEND = "send"
SEND_MAILING = "send_mailing"
# Longer than a year, so that last year's meeting still says who was told; and longer than any fact can come again.
KEPT = timedelta(days=400)


@dataclass(frozen=True)
class Recipients:
    """A page of a mailing's deliveries with their numbers, and how many of all are in each state."""

    page: Sequence[tuple[int, Delivery]]
    counts: Mapping[State, int]


def tell(conn: Connection, news: Iterable[News], now: datetime) -> None:
    """In the bus's transaction."""
    new = [Delivery(new_id(), each, now) for each in news]
    timetable.add_all(conn, SEND, [each.id for each in new if store.add_once(conn, each)], now)


def mail(conn: Connection, mailing: Mailing, now: datetime) -> None:
    """In the bus's transaction: everybody, or nobody and later again."""
    letter = mailing.letter
    if not store.add_letter_once(conn, letter, now):
        return
    new = [
        Delivery(new_id(), _copy_for(letter, member_id), now, letter_id=letter.id) for member_id in mailing.member_ids
    ]
    store.add_all(conn, new)
    timetable.add_all(conn, SEND_MAILING if len(new) > 1 else SEND, [each.id for each in new], now)


def waiting(db: Database, ids: Sequence[str]) -> list[Delivery]:
    """Those of these that are still to be made, with their letters."""
    with db.read() as conn:
        return store.waiting(conn, ids)


def waiting_mails(conn: Connection, now: datetime) -> dict[str, float]:
    """By the names of metrics."""
    count, oldest = store.queued(conn)
    return {"mails_waiting": count, "oldest_mail_age_seconds": (now - oldest).total_seconds() if oldest else 0.0}


def record(db: Database, tried: Iterable[tuple[Due, Delivery, Outcome]], now: datetime) -> None:
    """Notes how attempts went, and in the same transaction when to try again."""
    after = [(due, *domain.after(delivery, outcome, now)) for due, delivery, outcome in tried]
    with db.write() as conn:
        store.record(conn, [delivery for _, delivery, _ in after])
        timetable.settle_all(conn, [(due, following) for due, _, following in after])


def list_deliveries(
    db: Database, *, reader: Person | str, before: int | None, limit: int
) -> Sequence[tuple[int, Delivery]]:
    """Newest first with their numbers, those this reader may see."""
    with db.read() as conn:
        return store.page(conn, domain.whose(reader), before, limit)


def get_delivery(db: Database, delivery_id: str, *, reader: Person | str) -> Delivery:
    with db.read() as conn:
        return domain.may_see(reader, store.delivery(conn, delivery_id))


def list_recipients(
    db: Database, mailing_id: str, *, convenor: Person, not_received: bool, beyond: int, limit: int
) -> Recipients:
    with db.read() as conn:
        letter = domain.may_follow(convenor, store.letter(conn, mailing_id))
        page = store.recipients(conn, letter.id, not_received=not_received, beyond=beyond, limit=limit)
        return Recipients(page, store.counts(conn, letter.id))


def resend(db: Database, delivery_id: str, *, convenor: Person, now: datetime) -> Delivery:
    """What bounced or was given up is queued as if new; what is queued or sent stays so. One row per member remains."""
    with db.write() as conn:
        found = store.delivery(conn, delivery_id, lock=True)
        domain.may_follow(convenor, store.letter(conn, found.letter_id) if found else None)
        assert found is not None
        queued = domain.again(found, now)
        if queued is None:
            return found
        store.record(conn, [queued])
        timetable.add(conn, SEND, queued.id, now)
        audit.add(conn, convenor, "resent", queued.id, now)
        return queued


def prune(conn: Connection, now: datetime) -> None:
    """Forgets what was told, and whom, 400 days after it was queued."""
    store.prune(conn, now - KEPT)


def _copy_for(letter: Letter, member_id: str) -> News:
    return News(letter.kind, letter.id, member_id, letter.subject)
