"""The month's mails among notification's neighbours: who gets which, and who does not."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fosse.evaluation.v1.facts_pb2 import PulseOpened
from fosse.events.v1 import events_pb2, facts_pb2
from fosse.membership.v1 import links_pb2
from fosse.notification.v1 import notification_pb2 as pb
from services.common import seen
from services.common.errors import NotAllowed, NotFound
from services.notification.settings import Settings
from tests.databases import SqliteDatabases
from tests.node.month_world import (
    CONVENOR,
    MAILING,
    MEETING,
    MEMBERS,
    ROOM,
    SENT,
    WAITING,
    all_sent,
    announce,
    counts,
    decide,
    publish,
    recipients,
    say,
    text_of,
    the_month,
)
from tests.node.notification_world import ANN, BEN, World
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with the_month(sqlite_databases, tmp_path, Settings(public_url="https://notts.example")) as world:
        yield world


def test_the_minutes_reach_all_sixty_whether_they_were_there_or_not_each_once(world: World) -> None:
    publish(world)
    publish(world)

    until(lambda: counts(world) == (0, 60, 0, 0), "all sixty have the minutes")

    assert {each.member_id for each in recipients(world).deliveries} == set(MEMBERS)
    assert all(len(world.deliveries(member_id)) == 1 for member_id in (ANN, BEN, MEMBERS[-1]))
    assert "Answers to this mail go to c@county.example." in text_of(world, ANN)


def test_minutes_that_are_only_recorded_are_mailed_to_nobody(world: World) -> None:
    publish(world, mail=False, mailing_id=an_id(71))
    publish(world)

    until(lambda: counts(world) == (0, 60, 0, 0), "the second ones have arrived")

    assert len(world.deliveries(ANN)) == 1


def test_every_member_is_invited_with_links_of_their_own_and_a_calendar_entry(world: World) -> None:
    say(world, facts_pb2.MeetingAnnounced(meeting_id=MEETING, community_id=CARE_HOMES, version=2))
    until(lambda: all(all_sent(world, each) for each in MEMBERS), "all sixty are invited")

    text = text_of(world, ANN)

    book, decline = links_pb2.LINK_PURPOSE_BOOK, links_pb2.LINK_PURPOSE_DECLINE
    for purpose in (book, decline):
        (code,) = world.links.of(ANN, purpose)
        assert f"\nhttps://notts.example/l/{code}\n" in text.replace("\r\n", "\n")
    assert world.links.of(ANN, book).isdisjoint(world.links.of(BEN, book))
    assert "Thursday 10 December 2026, 14:00 to 16:00" in text and "The calendar entry is attached." in text


def test_addresses_and_links_are_asked_for_once_for_fifty_mails(world: World) -> None:
    say(world, facts_pb2.MeetingAnnounced(meeting_id=MEETING, community_id=CARE_HOMES, version=2))
    until(lambda: all(all_sent(world, each) for each in MEMBERS), "all sixty are invited")

    assert world.links.asked == 2 and world.people.asked_for_contacts == 2


def test_who_books_or_waits_reads_it_and_who_is_promoted_can_pass_it_on(world: World) -> None:
    holder = events_pb2.PlaceHolder
    world.meetings.holders[MEETING] = [
        holder(member_id=ANN, decision=ROOM),
        holder(member_id=an_id(3), decision=WAITING),
        holder(member_id=BEN, decision=WAITING),
    ]
    decide(world, ANN, ROOM)
    decide(world, BEN, WAITING)
    until(lambda: all_sent(world, ANN) and all_sent(world, BEN), "both were told")
    assert "You have a place in the room." in text_of(world, ANN)
    assert "You are number 2 on the waiting list." in text_of(world, BEN)

    decide(world, BEN, ROOM, version=2, promoted=True)
    until(lambda: all_sent(world, BEN, 2), "the place that came free")

    (code,) = world.links.of(BEN, links_pb2.LINK_PURPOSE_DECLINE)
    assert f"https://notts.example/l/{code}" in text_of(world, BEN)
    assert "it is yours" in text_of(world, BEN)


def test_the_joining_link_stands_only_in_mails_to_who_has_a_place(world: World, tmp_path: Path) -> None:
    world.meetings.holders[MEETING] = [events_pb2.PlaceHolder(member_id=ANN, decision=ROOM)]
    decide(world, ANN, ROOM)
    say(world, facts_pb2.MeetingAnnounced(meeting_id=MEETING, community_id=CARE_HOMES, version=2))
    until(lambda: all_sent(world, ANN, 2) and all_sent(world, BEN), "both mails of Ann, one of Ben")

    def mail(delivery: pb.Delivery) -> str:
        return (tmp_path / "mail" / f"{delivery.id}.eml").read_text()

    holds = {each.kind: "join.example" in mail(each) for each in world.deliveries(ANN)}
    assert holds == {"place_decided": True, "meeting_invitation": False}
    assert "join.example" not in mail(world.deliveries(BEN)[0])


def test_only_who_has_a_place_or_waits_hears_that_a_meeting_moved_or_is_off(world: World) -> None:
    world.meetings.holders[MEETING] = [events_pb2.PlaceHolder(member_id=ANN, decision=ROOM)]
    say(world, facts_pb2.MeetingMoved(meeting_id=MEETING, community_id=CARE_HOMES, version=3))
    until(lambda: all_sent(world, ANN), "Ann hears of it")
    assert "has changed. It is now:" in text_of(world, ANN)

    announce(world, facts_pb2.MEETING_STATE_CANCELLED)
    say(world, facts_pb2.MeetingCalledOff(meeting_id=MEETING, community_id=CARE_HOMES, version=4))
    until(lambda: all_sent(world, ANN, 2), "Ann hears that it is off")

    assert "The speaker is ill." in text_of(world, ANN) and world.deliveries(BEN) == []


def test_the_pulse_is_asked_of_who_was_there_alone(world: World) -> None:
    world.meetings.present[MEETING] = [ANN]
    world.say_of_pulse(PulseOpened(meeting_id=MEETING), MEETING)
    until(lambda: all_sent(world, ANN), "Ann is asked")

    (code,) = world.links.of(ANN, links_pb2.LINK_PURPOSE_PULSE)

    assert f"https://notts.example/l/{code}" in text_of(world, ANN) and world.deliveries(BEN) == []


def test_a_convenor_tries_the_minutes_on_themselves(world: World) -> None:
    publish(world, mail=False)
    say(world, facts_pb2.MinutesTested(meeting_id=MEETING, member_id=BEN, test_id=an_id(80)))

    until(lambda: all_sent(world, BEN), "the test")

    assert world.deliveries(BEN)[0].subject == "Test: Minutes: Falls, Thursday 10 December 2026"
    assert world.deliveries(ANN) == []


def test_what_is_gone_meanwhile_holds_nothing_up_and_parks_nothing(world: World) -> None:
    gone = an_id(51)
    for fact in (
        facts_pb2.MeetingAnnounced(meeting_id=gone, community_id=CARE_HOMES, version=1),
        facts_pb2.MeetingMoved(meeting_id=gone, version=1),
        facts_pb2.MeetingCalledOff(meeting_id=gone, version=1),
        facts_pb2.PlaceDecided(meeting_id=gone, member_id=ANN, decision=ROOM, version=1),
        facts_pb2.PlaceDecided(meeting_id=MEETING, member_id=ANN, version=1),
        facts_pb2.MinutesPublished(meeting_id=MEETING, edition=9, mail=True, mailing_id=an_id(72)),
        facts_pb2.MinutesTested(meeting_id=gone, member_id=ANN, test_id=an_id(81)),
    ):
        say(world, fact)
    world.say_of_pulse(PulseOpened(meeting_id=gone), gone)
    publish(world)

    until(lambda: counts(world) == (0, 60, 0, 0), "the minutes of the meeting that is there")

    with world.floor.db.read() as conn:
        assert seen.parked_of(conn, "notification") == []
    assert len(world.deliveries(ANN)) == 1


def test_nothing_is_lost_while_the_meetings_do_not_answer(world: World) -> None:
    world.meetings.away = True
    publish(world)
    decide(world, ANN, ROOM)
    world.meetings.away = False

    until(lambda: counts(world) == (0, 60, 0, 0) and len(world.deliveries(ANN)) == 2, "all of it")


def test_a_mailing_to_thousands_asks_for_their_ids_in_pages(world: World) -> None:
    world.directory.members[CARE_HOMES] = [an_id(number) for number in range(1, 2501)]
    publish(world)

    until(lambda: sum(counts(world)) == 2500, "one row for each")

    assert world.directory.asked == 4


def test_a_mail_to_one_member_does_not_wait_behind_thousands_of_a_mailing(world: World) -> None:
    world.directory.members[CARE_HOMES] = [an_id(number) for number in range(1, 2501)]
    publish(world)
    until(lambda: sum(counts(world)) == 2500, "they are queued")
    decide(world, BEN, ROOM)

    until(lambda: "place_decided" in {each.kind for each in world.deliveries(BEN) if each.state == SENT}, "Ben's own")

    assert counts(world)[0] > 0


def test_how_a_mailing_went_is_for_convenors(world: World) -> None:
    publish(world)
    until(lambda: counts(world) == (0, 60, 0, 0), "the minutes")

    with pytest.raises(NotAllowed):
        world.gateway.ListRecipients(pb.ListRecipientsRequest(mailing_id=MAILING), metadata=world.as_person(ANN))
    anns = pb.GetMailRequest(delivery_id=world.deliveries(ANN)[0].id)
    with pytest.raises(NotFound):
        world.gateway.GetMail(anns, metadata=world.as_person(CONVENOR, convenor=True))
