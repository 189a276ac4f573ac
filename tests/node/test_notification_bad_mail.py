"""What a mail server that refuses, hangs, is away or takes half costs a mailing: time, and no mail."""

from datetime import timedelta
from pathlib import Path

import pytest

from fosse.notification.v1 import notification_pb2 as pb
from tests.databases import SqliteDatabases
from tests.mail_server import MailServer, Mood
from tests.node.month_world import (
    CONVENOR,
    QUEUED,
    ROOM,
    all_sent,
    attempts,
    by_smtp,
    counts,
    decide,
    publish,
    recipients,
    the_month,
)
from tests.node.notification_world import ANN, BEN
from tests.unit.membership.people import CARE_HOMES
from tests.waiting import until


def test_one_click_sends_again_to_the_member_whose_mailbox_works_again(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with MailServer(Mood.REFUSES) as server, the_month(sqlite_databases, tmp_path, by_smtp(server)) as world:
        world.directory.members[CARE_HOMES] = [ANN, BEN]
        publish(world)
        until(lambda: counts(world) == (0, 0, 2, 0), "both bounce")
        server.mood = Mood.TAKES
        bounced = next(each for each in recipients(world, not_received=True).deliveries if each.member_id == ANN)
        convenor = world.as_person(CONVENOR, convenor=True)

        request = pb.ResendDeliveryRequest(delivery_id=bounced.id)
        again = world.gateway.ResendDelivery(request, metadata=convenor).delivery
        until(lambda: counts(world) == (0, 1, 1, 0), "Ann has it")
        world.gateway.ResendDelivery(request, metadata=convenor)

        assert (again.state, again.attempts) == (QUEUED, 0) and len(recipients(world).deliveries) == 2
        assert [each.member_id for each in recipients(world, not_received=True).deliveries] == [BEN]
        assert len(server.mails) == 1


@pytest.mark.parametrize(("then", "connections"), [(Mood.DROPS, 2), (Mood.HANGS, 1)])
def test_a_server_that_takes_half_keeps_that_half_and_gets_each_other_mail_once_later(
    tmp_path: Path, sqlite_databases: SqliteDatabases, then: Mood, connections: int
) -> None:
    with (
        MailServer(takes=25, then=then) as server,
        the_month(sqlite_databases, tmp_path, by_smtp(server)) as world,
    ):
        publish(world)
        until(lambda: attempts(world) == 60, "each was tried or put off")
        assert counts(world) == (35, 25, 0, 0) and server.connections == connections

        server.mood = Mood.TAKES
        world.clock.now += timedelta(minutes=1)
        until(lambda: counts(world) == (0, 60, 0, 0), "all sixty have the minutes")

        assert len({_message_id(mail) for mail in server.mails}) == len(server.mails) == 60


def test_a_server_that_is_away_costs_a_mailing_one_attempt_and_no_mail(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with MailServer() as gone:
        settings = by_smtp(gone)
    with the_month(sqlite_databases, tmp_path, settings) as world:
        publish(world)
        until(lambda: attempts(world) == 60, "all were put off")

        assert counts(world) == (60, 0, 0, 0)
        assert {each.problem for each in recipients(world).deliveries} == {
            "The mail server does not answer. It will be tried again."
        }


def test_a_mail_waits_for_its_calendar_entry_while_the_meetings_do_not_answer(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with MailServer() as server, the_month(sqlite_databases, tmp_path, by_smtp(server)) as world:
        world.meetings.without_calendar = True
        decide(world, ANN, ROOM)
        until(lambda: [each.attempts for each in world.deliveries(ANN)] == [1], "it was put off")
        assert world.deliveries(ANN)[0].problem.startswith("The meetings of this node do not answer.")

        world.meetings.without_calendar = False
        world.clock.now += timedelta(minutes=1)

        until(lambda: all_sent(world, ANN), "the mail server has it")
        assert b"BEGIN:VCALENDAR" in server.mails[0]


def _message_id(mail: bytes) -> bytes:
    return next(line for line in mail.splitlines() if line.startswith(b"Message-ID:"))
