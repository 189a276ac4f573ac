"""Mailings, on SQLite and on PostgreSQL: one row for each member, each once, whatever happens half way."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, func, select

from fosse.events.v1.facts_pb2 import MinutesPublished
from services.common import audit, bus
from services.common.access import Person
from services.common.bus import Consumer, Message
from services.common.database import Database
from services.common.errors import NotFound
from services.common.timetable import Due, Timetable, timetable
from services.common.topics import EVENTS, kind
from services.notification import store, usecases
from services.notification.domain.delivery import Delivery, Letter, Mailing, News, Outcome, Refused, Sent, State
from services.notification.letters import Addressed, Letters
from services.notification.post import SmtpPost, SmtpServer
from services.notification.usecases import SEND, SEND_MAILING
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.mail_server import MailServer
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, a_convenor, an_id

CLOCK = HeldClock()
NOW = CLOCK()
MINUTES = an_id(7)


def the_minutes(members: int) -> Mailing:
    letter = Letter(
        MINUTES, "minutes", an_id(50), CARE_HOMES, "Minutes: Falls", {"items": [{"title": "Falls"}]}, "", ""
    )
    return Mailing(letter, tuple(an_id(1000 + number) for number in range(members)))


def mail(db: Database, mailing: Mailing) -> None:
    with db.write() as conn:
        usecases.mail(conn, mailing, NOW)


def send(db: Database, outcomes: Sequence[Outcome]) -> None:
    """The timetable's next batch goes like this, one after the other."""

    def batch(due: Sequence[Due]) -> None:
        found = {each.id: each for each in usecases.waiting(db, [row.key for row in due])}
        went = zip(due, outcomes, strict=False)
        usecases.record(db, [(row, found[row.key], outcome) for row, outcome in went if row.key in found], NOW)

    Timetable(db, {}, lambda: NOW, {SEND: batch, SEND_MAILING: batch}).step()


def followed(db: Database, *, not_received: bool = False, convenor: Person | None = None) -> usecases.Recipients:
    who = convenor or a_convenor()
    return usecases.list_recipients(db, MINUTES, convenor=who, not_received=not_received, beyond=0, limit=100)


def due_keys(db: Database) -> Collection[str]:
    with db.read() as conn:
        return list(conn.scalars(select(timetable.c.key)))


def test_a_mailing_has_one_row_for_each_member_and_all_are_due(make_database: MakeDatabase) -> None:
    db = make_database("notification")

    mail(db, the_minutes(60))

    found = followed(db)
    assert found.counts == {State.QUEUED: 60, State.SENT: 0, State.BOUNCED: 0, State.GIVEN_UP: 0}
    assert {each.news.member_id for _, each in found.page} == set(the_minutes(60).member_ids)
    assert sorted(due_keys(db)) == sorted(each.id for _, each in found.page)


def test_a_mailing_that_is_queued_twice_is_queued_once(make_database: MakeDatabase) -> None:
    db = make_database("notification")

    mail(db, the_minutes(60))
    mail(db, the_minutes(61))

    assert followed(db).counts[State.QUEUED] == 60 and len(due_keys(db)) == 60


def test_a_mailing_that_was_killed_half_way_is_queued_whole_when_it_comes_again(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    kills = [True]

    def queue(conn: Connection, message: Message, prepared: Mailing) -> None:
        usecases.mail(conn, prepared, NOW)
        if kills:
            kills.clear()
            raise KeyboardInterrupt

    consumer = Consumer("notification", (EVENTS.name,), {kind(MinutesPublished): queue}, lambda _: the_minutes(500))
    fact = MinutesPublished(meeting_id=an_id(50), mailing_id=MINUTES, mail=True)
    message = Message(an_id(3), EVENTS.name, kind(fact), an_id(50), fact.SerializeToString(), NOW)

    with pytest.raises(KeyboardInterrupt):
        bus.deliver(db, consumer, [message], CLOCK)
    assert due_keys(db) == []
    for _ in range(3):
        bus.deliver(db, consumer, [message], CLOCK)

    assert followed(db).counts[State.QUEUED] == 500 and len(set(due_keys(db))) == 500


def test_ten_thousand_are_queued_in_one_transaction_each_once(make_database: MakeDatabase) -> None:
    db = make_database("notification")

    mail(db, the_minutes(10_000))

    with db.read() as conn:
        members = conn.scalar(select(func.count(store.deliveries.c.member_id.distinct())))
    assert members == 10_000 and followed(db).counts[State.QUEUED] == 10_000


def test_a_crash_while_sending_repeats_at_most_one_mail_under_its_old_name(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    letters = Letters("fosse@notts.example", "https://notts.example")
    words = {"meeting_id": an_id(50), "title": "Falls", "when": "today", "venue": "", "online": True}
    mail(db, replace(the_minutes(20), letter=replace(the_minutes(20).letter, kind="pulse", words=words)))

    def batch(due: Sequence[Due]) -> None:
        waiting = {each.id: each for each in usecases.waiting(db, [row.key for row in due])}
        mails = [(id_, letters.write(each, Addressed("Ann", "ann@home.example"), NOW)) for id_, each in waiting.items()]
        rows = {row.key: row for row in due}
        for outcomes in post.send(mails, NOW):
            if len(server.mails) == 10:
                raise KeyboardInterrupt
            usecases.record(db, [(rows[id_], waiting[id_], outcome) for id_, outcome in outcomes.items()], NOW)

    with MailServer() as server:
        post = SmtpPost(SmtpServer("127.0.0.1", server.port, "", "", None, tls_at_once=False, timeout_s=2))
        with pytest.raises(KeyboardInterrupt):
            Timetable(db, {}, lambda: NOW, {SEND_MAILING: batch}).step()
        Timetable(db, {}, lambda: NOW, {SEND_MAILING: batch}).step()

        names = {line for each in server.mails for line in each.splitlines() if line.startswith(b"Message-ID:")}
    assert (len(server.mails), len(names)) == (21, 20) and followed(db).counts[State.SENT] == 20


def test_the_letter_is_kept_once_and_read_with_each_mail(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    mail(db, the_minutes(60))

    waiting = usecases.waiting(db, [each.id for _, each in followed(db).page])

    assert len(waiting) == 60 and all(each.letter == the_minutes(60).letter for each in waiting)
    assert not any(each.news.words for each in waiting)


def test_who_has_not_got_it_yet_is_listed_in_pages(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    mail(db, the_minutes(30))
    send(db, [Sent()] * 10 + [Refused("No.")] * 5)

    found = followed(db, not_received=True)
    listed, beyond = list[str](), 0
    while page := _page(db, beyond):
        listed, beyond = [*listed, *(each.id for _, each in page)], page[-1][0]

    assert found.counts == {State.QUEUED: 15, State.SENT: 10, State.BOUNCED: 5, State.GIVEN_UP: 0}
    assert listed == [each.id for _, each in found.page] and len(set(listed)) == 20


def test_how_a_mailing_went_is_not_for_convenors_of_another_community(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    mail(db, the_minutes(2))
    send(db, [Refused("No.")] * 2)
    stranger = a_convenor(91, SOCIAL_CARE)

    bounced = followed(db).page[0][1]

    with pytest.raises(NotFound):
        followed(db, convenor=stranger)
    with pytest.raises(NotFound):
        usecases.resend(db, bounced.id, convenor=stranger, now=NOW)


def test_one_click_sends_again_what_bounced_and_a_second_click_changes_nothing(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    mail(db, the_minutes(2))
    send(db, [Refused("No."), Sent()])
    bounced, sent = (each for _, each in followed(db).page)

    again = [usecases.resend(db, bounced.id, convenor=a_convenor(), now=NOW) for _ in range(2)]
    untouched = usecases.resend(db, sent.id, convenor=a_convenor(), now=NOW)
    due = list(due_keys(db))
    send(db, [Sent()])

    assert [(each.state, each.attempts, each.problem) for each in again] == [(State.QUEUED, 0, "")] * 2
    assert untouched.state is State.SENT and due == [bounced.id]
    assert followed(db).counts == {State.QUEUED: 0, State.SENT: 2, State.BOUNCED: 0, State.GIVEN_UP: 0}
    with db.read() as conn:
        did = [(row.actor, row.action, row.item_id) for row in audit.rows_before(conn, "", None, 10)]
    assert did == [(a_convenor().member_id, "resent", bounced.id)]


def test_news_to_one_member_alone_is_no_mailing_a_convenor_could_resend(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    with db.write() as conn:
        usecases.tell(conn, [_news()], NOW)
    send(db, [Refused("No.")])
    with db.read() as conn:
        delivery = store.page(conn, "", None, 1)[0][1]

    with pytest.raises(NotFound):
        usecases.resend(db, delivery.id, convenor=a_convenor(), now=NOW)


def _page(db: Database, beyond: int) -> Sequence[tuple[int, Delivery]]:
    return usecases.list_recipients(db, MINUTES, convenor=a_convenor(), not_received=True, beyond=beyond, limit=7).page


def _news() -> News:
    return News("place_decided", an_id(5), an_id(1), "You have a place", {"meeting_id": an_id(50)})


def pruned(db: Database, now: datetime) -> dict[str, int]:
    """How many rows are left."""
    with db.write() as conn:
        usecases.prune(conn, now)
        tables = (store.letters, store.deliveries)
        return {table.name: conn.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def test_letters_and_who_got_them_are_kept_for_four_hundred_days_and_then_forgotten(
    make_database: MakeDatabase,
) -> None:
    db = make_database("notification")
    mail(db, the_minutes(3))
    with db.write() as conn:
        usecases.tell(conn, [News("resource_adopted", an_id(100), an_id(1), "Derbyshire uses it", {})], NOW)
    later = NOW + timedelta(days=200)
    with db.write() as conn:
        usecases.mail(conn, replace(the_minutes(2), letter=replace(the_minutes(2).letter, id=an_id(8))), later)

    assert pruned(db, NOW + timedelta(days=400)) == {"letters": 2, "deliveries": 6}
    assert pruned(db, NOW + timedelta(days=400, seconds=1)) == {"letters": 1, "deliveries": 2}
    with pytest.raises(NotFound):
        followed(db)


def test_a_mail_that_waits_when_its_letter_is_forgotten_is_sent_no_more(make_database: MakeDatabase) -> None:
    db = make_database("notification")
    mail(db, the_minutes(3))
    keys = due_keys(db)

    pruned(db, NOW + timedelta(days=401))

    assert usecases.waiting(db, list(keys)) == []
