"""A month of sixty members as notification meets it, and what a test needs to say and see of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from google.protobuf.message import Message as Proto

from fosse.events.v1 import events_pb2, facts_pb2, minutes_pb2
from fosse.notification.v1 import notification_pb2 as pb
from services.common.errors import NotFound
from services.common.instants import stamp
from services.notification.settings import Settings
from tests.databases import SqliteDatabases
from tests.mail_server import MailServer
from tests.node.notification_world import World, notification_among_neighbours
from tests.unit.membership.people import CARE_HOMES, an_id

MEETING, MAILING = an_id(50), an_id(70)
CONVENOR = an_id(90)
SENT, QUEUED = pb.DELIVERY_STATE_SENT, pb.DELIVERY_STATE_QUEUED
ROOM, WAITING = facts_pb2.DECISION_ROOM, facts_pb2.DECISION_WAITING
MEMBERS = [an_id(number) for number in range(1, 61)]


@contextmanager
def the_month(databases: SqliteDatabases, folder: Path, settings: Settings) -> Iterator[World]:
    """Sixty members, and an announced meeting in a fortnight."""
    with notification_among_neighbours(databases, folder, settings) as world:
        world.directory.members[CARE_HOMES] = list(MEMBERS)
        for number, member_id in enumerate(MEMBERS):
            world.people.know(member_id, f"Member {number}", f"m{number}@home.example")
        announce(world)
        yield world


def by_smtp(server: MailServer) -> Settings:
    return Settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_tls="none", smtp_timeout_s=0.5)


def announce(world: World, state: facts_pb2.MeetingState.ValueType = facts_pb2.MEETING_STATE_ANNOUNCED) -> None:
    words = events_pb2.MeetingWords(
        title="Falls", day="2026-12-10", starts="14:00", ends="16:00", venue="County Hall", room_holds=20
    )
    starts = world.clock() + timedelta(days=14)
    world.meetings.meetings[MEETING] = events_pb2.Meeting(
        id=MEETING,
        community_id=CARE_HOMES,
        words=words,
        state=state,
        starts_at=stamp(starts),
        ends_at=stamp(starts + timedelta(hours=2)),
        cancelled_because="The speaker is ill.",
    )


def say(world: World, fact: Proto) -> None:
    world.say_of_meeting(fact, MEETING)


def publish(world: World, *, mail: bool = True, mailing_id: str = MAILING) -> None:
    words = minutes_pb2.MinutesWords(items=[minutes_pb2.MinutesItem(title="Falls")], reply_to="c@county.example")
    edition = minutes_pb2.MinutesEdition(edition=1, words=words)
    world.minutes.minutes[MEETING] = minutes_pb2.GetMinutesResponse(editions=[edition], draft=words, draft_version=1)
    say(
        world,
        facts_pb2.MinutesPublished(
            meeting_id=MEETING, community_id=CARE_HOMES, edition=1, mail=mail, mailing_id=mailing_id
        ),
    )


def the_minutes_go_out(world: World) -> None:
    announce(world)
    publish(world)


def decide(
    world: World, member_id: str, decision: facts_pb2.Decision.ValueType, *, version: int = 1, promoted: bool = False
) -> None:
    say(
        world,
        facts_pb2.PlaceDecided(
            meeting_id=MEETING,
            community_id=CARE_HOMES,
            member_id=member_id,
            decision=decision,
            version=version,
            promoted=promoted,
            first=version == 1,
        ),
    )


def recipients(world: World, *, not_received: bool = False, page_token: str = "") -> pb.ListRecipientsResponse:
    request = pb.ListRecipientsRequest(
        mailing_id=MAILING, not_received=not_received, page_size=100, page_token=page_token
    )
    return world.gateway.ListRecipients(request, metadata=world.as_person(CONVENOR, convenor=True))


def counts(world: World) -> tuple[int, int, int, int]:
    try:
        found = recipients(world)
    except NotFound:
        return 0, 0, 0, 0
    return found.queued, found.sent, found.bounced, found.given_up


def attempts(world: World) -> int:
    """Of all mails of the mailing together."""
    try:
        return sum(each.attempts for each in recipients(world).deliveries)
    except NotFound:
        return 0


def text_of(world: World, member_id: str) -> str:
    newest = world.deliveries(member_id)[0]
    request = pb.GetMailRequest(delivery_id=newest.id)
    return world.gateway.GetMail(request, metadata=world.as_person(member_id)).text


def all_sent(world: World, member_id: str, number: int = 1) -> bool:
    return [each.state for each in world.deliveries(member_id)] == [SENT] * number
