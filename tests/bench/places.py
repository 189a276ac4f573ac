"""The figures of places at a meeting: many at once, a booking's rate, and how soon who waits is promoted and told."""

import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from testcontainers.community.postgres import PostgresContainer

from fosse.common.v1.access_pb2 import Role
from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusRequest
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1.events_pb2_grpc import MeetingsStub
from fosse.membership.v1 import membership_pb2
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from fosse.notification.v1 import notification_pb2
from fosse.notification.v1.notification_pb2_grpc import NotificationStub
from services.common import passes
from services.common.access import Person
from services.common.channels import Channels, with_pass
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import TooMany
from services.common.ids import new_id
from services.common.wires import Sockets
from services.events.domain.room import Decision
from services.membership.keys import PassKeyRing
from services.node.demo.region import RunningNode
from services.node.demo.waiting import until
from tests import machine
from tests.bench.figures import Figure, p95
from tests.bench.region import a_folder, a_node
from tests.databases import PostgresDatabases, SqliteDatabases, open_database
from tests.store.events_acts import announced, book, get
from tests.unit.events.meetings import CARE_HOMES

AREA = "month"
PEOPLE, PLACES, REPETITIONS = 200, 20, 20
BOOKINGS, AT_ONCE, RUNS = 600, 8, 3
PROMOTIONS = 100
_DEADLINE_S = 5.0


def seats() -> Iterator[Figure]:
    """Repetitions in which other than exactly 20 of 200 got a place."""
    with tempfile.TemporaryDirectory() as folder, PostgresContainer(machine.POSTGRES_IMAGE, driver=None) as server:
        databases = (SqliteDatabases(Path(folder)), PostgresDatabases(server.get_connection_url()))
        given = [_rush(open_database(each, "events")) for each in databases for _ in range(REPETITIONS)]
    wrong = sum(1 for each in given if each != PLACES)
    note = f"{REPETITIONS} times {PEOPLE} at once for {PLACES} places, on SQLite and on PostgreSQL"
    yield Figure(AREA, "seats", [wrong], "wrong", 0, most=True, note=note)


def _rush(db: Database) -> int:
    """How many of those who ask at the same moment are given a place; -1 when what is kept says otherwise."""
    announced(db, room_holds=PLACES)
    with ThreadPoolExecutor(PEOPLE) as threads:
        answers = list(threads.map(lambda number: _patiently(lambda: book(db, number)), range(PEOPLE)))
    given = sum(1 for each in answers if each.decided.decision is Decision.ROOM)
    figures = get(db).meeting.figures
    db.dispose()
    return given if (figures.room_taken, figures.waiting) == (given, PEOPLE - given) else -1


def _patiently(act: Callable[[], Any]) -> Any:
    """Who is told that the node is busy sends the same form again."""
    while True:
        try:
            return act()
        except TooMany:
            continue


@dataclass
class Hall:
    """A running node with members, and calls as the gateway makes them for each."""

    meetings: MeetingsStub
    notification: NotificationStub
    events_house: HousekeepingStub
    ring: PassKeyRing
    community: str

    def as_(self, number: int, *roles: Role.ValueType) -> Any:
        person = Person(_member(number), roles={self.community: frozenset({int(Role.ROLE_MEMBER), *map(int, roles)})})
        key, name = self.ring.signing()
        return with_pass(passes.sign(key, name, person, utc_now()))

    def announced(self, room_holds: int) -> str:
        day = (date.today() + timedelta(days=21)).isoformat()
        words = pb.MeetingWords(
            title="A meeting for many", kind=pb.MEETING_KIND_MONTHLY, audience=pb.MEETING_AUDIENCE_COMMUNITY,
            day=day, starts="14:00", ends="16:00", venue="Town Hall", room_holds=room_holds,
        )  # fmt: skip
        convenor = self.as_(0, Role.ROLE_CONVENOR)
        made = self.meetings.CreateMeeting(
            pb.CreateMeetingRequest(id=new_id(), community_id=self.community, words=words), metadata=convenor
        ).meeting
        self.meetings.AnnounceMeeting(pb.AnnounceMeetingRequest(id=made.id, expected_version=1), metadata=convenor)
        return made.id

    def book(self, meeting: str, number: int, metadata: Any) -> pb.MyPlace:
        request = pb.BookPlaceRequest(id=new_id(), meeting_id=meeting, wish=pb.WISH_ROOM)
        return self.meetings.BookPlace(request, metadata=metadata).place

    def mails_of(self, number: int) -> int:
        asked = notification_pb2.ListDeliveriesRequest(page_size=100)
        return len(self.notification.ListDeliveries(asked, metadata=self.as_(number)).deliveries)

    def drained(self) -> bool:
        """Every fact was heard, and of the last hundred mails none waits."""
        if self.events_house.GetHousekeepingStatus(GetHousekeepingStatusRequest()).facts_unsent:
            return False
        asked = notification_pb2.ListDeliveriesRequest(page_size=100)
        listed = self.notification.ListDeliveries(asked, metadata=self._operator()).deliveries
        return not any(each.state == notification_pb2.DELIVERY_STATE_QUEUED for each in listed)

    def _operator(self) -> Any:
        key, name = self.ring.signing()
        return with_pass(passes.sign(key, name, Person(_member(0), operator=True), utc_now()))


def booking() -> Iterator[Figure]:
    """Each member books once, and a mail about it is queued, on the embedded node."""
    with _a_hall(BOOKINGS) as hall:
        rates, drains = zip(*(_book_all(hall) for _ in range(RUNS)), strict=True)
    slowest = f"queues drained within {max(drains):.1f} s"
    yield Figure(AREA, "booking", list(rates), "/s", 150, most=False, note=f"{AT_ONCE} at once, {slowest}")
    yield Figure(AREA, "booking-drained", list(drains), "s", 10, most=True)


def _book_all(hall: Hall) -> tuple[float, float]:
    meeting = hall.announced(BOOKINGS)
    passes_of = {number: hall.as_(number) for number in range(1, BOOKINGS + 1)}
    began = time.monotonic()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        places = list(threads.map(lambda number: hall.book(meeting, number, passes_of[number]), passes_of))
    rate = BOOKINGS / (time.monotonic() - began)
    assert all(each.receipt for each in places)
    ended = time.monotonic()
    until(hall.drained, 60, "The mails")
    return rate, time.monotonic() - ended


def promotion() -> Iterator[Figure]:
    """From the request that gives a place back until the mail of the member who gets it is queued."""
    with _a_hall(PROMOTIONS + 1) as hall:
        meeting = hall.announced(1)
        for number in range(1, PROMOTIONS + 2):
            hall.book(meeting, number, hall.as_(number))
        until(hall.drained, 60, "The mails")
        took = [_promote(hall, meeting, number) for number in range(1, PROMOTIONS + 1)]
    note = f"{PROMOTIONS} cancellations, worst {max(took) * 1000:.0f} ms"
    yield Figure(AREA, "promotion", [p95(took) * 1000], "ms", 200, most=True, note=note)


def _promote(hall: Hall, meeting: str, number: int) -> float:
    before = hall.mails_of(number + 1)
    metadata = hall.as_(number)
    began = time.monotonic()
    hall.meetings.CancelPlace(pb.CancelPlaceRequest(id=new_id(), meeting_id=meeting), metadata=metadata)
    until(lambda: hall.mails_of(number + 1) > before, 20, "The mail")
    return time.monotonic() - began


@contextmanager
def _a_hall(members: int) -> Iterator[Hall]:
    with a_folder() as folder:
        node = a_node("notts", folder)
        node.start()
        node.wait_until_ready()
        try:
            with a_hall_at(node, CARE_HOMES) as hall:
                operator = Channels(Sockets(node.folder.running_sockets()), "operator")
                _put_members(operator.stub(MembershipStub, "membership", _DEADLINE_S), members)
                operator.close()
                yield hall
        finally:
            node.ask_to_stop()
            node.wait_until_stopped()


@contextmanager
def a_hall_at(node: RunningNode, community: str) -> Iterator[Hall]:
    gateway = Channels(Sockets(node.folder.running_sockets()), "gateway")
    operator = Channels(Sockets(node.folder.running_sockets()), "operator")
    try:
        yield Hall(
            gateway.stub(MeetingsStub, "events", _DEADLINE_S),
            gateway.stub(NotificationStub, "notification", _DEADLINE_S),
            operator.stub(HousekeepingStub, "events", _DEADLINE_S),
            PassKeyRing(_pass_key(node), utc_now),
            community,
        )
    finally:
        for each in (gateway, operator):
            each.close()


def _put_members(membership: MembershipStub, members: int) -> None:
    community = membership_pb2.PutCommunityRequest(id=CARE_HOMES, name="Care homes", hashtag="#homes")
    membership.PutCommunity(community)
    for number in range(members + 1):
        member = membership_pb2.Member(
            id=_member(number), name=f"Member {number}", email=f"m{number}@home.example", community_id=CARE_HOMES,
            roles=[Role.ROLE_MEMBER],
        )  # fmt: skip
        membership.PutMember(membership_pb2.PutMemberRequest(member=member))


def _pass_key(node: RunningNode) -> Path:
    return next(node.folder.path.rglob("pass.key"))


def _member(number: int) -> str:
    return f"{number:032x}"
