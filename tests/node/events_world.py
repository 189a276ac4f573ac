"""Events at work on a socket of its own, and people who call it with passes of their own."""

from base64 import urlsafe_b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1 import minutes_pb2
from fosse.events.v1.events_pb2_grpc import MeetingsStub
from fosse.events.v1.minutes_pb2_grpc import MinutesStub
from fosse.membership.v1.membership_pb2_grpc import add_MembershipServicer_to_server
from services.common import passes
from services.common.access import Person
from services.common.channels import Channels, with_pass
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.service import Floor
from services.common.wires import Sockets
from services.events.service import build
from services.events.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.node.neighbours import People
from tests.unit.events.meetings import CARE_HOMES, a_convenor, a_member, an_id

ANN = a_member(1)
CATH = a_convenor()
ITEM = an_id(100)
WORDS = pb.MeetingWords(
    title="December meeting",
    about="Falls in winter, and what helped.",
    kind=pb.MEETING_KIND_MONTHLY,
    audience=pb.MEETING_AUDIENCE_COMMUNITY,
    day="2026-12-10",
    starts="14:00",
    ends="16:00",
    venue="Village Hall, Southwell",
    room_holds=20,
    online_holds=40,
    online_link="https://meet.example.org/fosse",
    agenda=[pb.AgendaItem(title="Welcome", minutes=10, led_by="Cath"), pb.AgendaItem(title="Falls")],
)
MINUTES = minutes_pb2.MinutesWords(
    items=[minutes_pb2.MinutesItem(title="Falls", discussion="Slippers.", decision="Buy slippers.")],
    actions=["Cath writes to homes."],
    reply_to="cath@trent.example",
)


@dataclass
class World:
    clock: HeldClock
    floor: Floor
    meetings: MeetingsStub
    minutes: MinutesStub
    # As other services call it, without a person.
    notification: MeetingsStub
    notification_minutes: MinutesStub
    key: OKPKey = field(default_factory=lambda: OKPKey.generate_key("Ed25519"))
    people: People = field(default_factory=People)

    def as_(self, person: Person | None) -> Any:
        return with_pass(passes.sign(self.key, "k", person, self.clock())) if person else ()

    def create(self, item: str = ITEM, person: Person = CATH, **words: Any) -> pb.Meeting:
        request = pb.CreateMeetingRequest(id=item, community_id=CARE_HOMES, words=some_words(**words))
        return self.meetings.CreateMeeting(request, metadata=self.as_(person)).meeting

    def announced(self, item: str = ITEM, *, invite: bool = False, **words: Any) -> pb.Meeting:
        made = self.create(item, **words)
        request = pb.AnnounceMeetingRequest(id=item, expected_version=made.version, invite=invite)
        return self.meetings.AnnounceMeeting(request, metadata=self.as_(CATH)).meeting

    def get(self, person: Person | None = ANN, item: str = ITEM) -> pb.GetMeetingResponse:
        return self.meetings.GetMeeting(pb.GetMeetingRequest(id=item), metadata=self.as_(person))

    def book(
        self, number: int, wish: int = pb.WISH_ROOM, person: Person | None = None, **given: Any
    ) -> pb.BookPlaceResponse:
        known = {"id": an_id(10_000 + number), "meeting_id": ITEM, "wish": wish}
        request = pb.BookPlaceRequest(**{**known, **given})
        return self.meetings.BookPlace(request, metadata=self.as_(person or a_member(number)))

    def cancel(self, number: int) -> pb.CancelPlaceResponse:
        request = pb.CancelPlaceRequest(id=an_id(20_000 + number), meeting_id=ITEM)
        return self.meetings.CancelPlace(request, metadata=self.as_(a_member(number)))

    def entry(self, person: Person | None) -> str:
        request = pb.GetCalendarEntryRequest(meeting_id=ITEM)
        return unfolded(self.meetings.GetCalendarEntry(request, metadata=self.as_(person)).ics)

    def entry_for(self, member_id: str) -> str:
        """As a mail to this member encloses it."""
        said = self.enclosures(member_id)
        return unfolded(said.seated_ics if member_id in said.seated_member_ids else said.ics)

    def enclosures(self, *member_ids: str) -> pb.PrepareEnclosuresResponse:
        request = pb.PrepareEnclosuresRequest(meeting_id=ITEM, member_ids=member_ids)
        return self.notification.PrepareEnclosures(request)


def some_words(**given: Any) -> pb.MeetingWords:
    words = pb.MeetingWords()
    words.CopyFrom(WORDS)
    for name, value in given.items():
        setattr(words, name, value)
    return words


def unfolded(ics: str) -> str:
    """Lines as they were before they were cut at 75 octets."""
    return ics.replace("\r\n ", "")


def acting(person: Person, convenor: Person) -> Person:
    return replace(person, acting_id=convenor.member_id)


@contextmanager
def events_alone(databases: SqliteDatabases, folder: Path) -> Iterator[World]:
    clock = HeldClock()
    gateway, notification = (Channels(Sockets(folder / "run"), name) for name in ("gateway", "notification"))
    with a_floor("events", databases, clock, folder) as floor:
        world = World(
            clock,
            floor,
            gateway.stub(MeetingsStub, "events"),
            gateway.stub(MinutesStub, "events"),
            notification.stub(MeetingsStub, "events"),
            notification.stub(MinutesStub, "events"),
        )
        world.people.pass_keys["k"] = urlsafe_b64decode(str(world.key.as_dict(private=False)["x"]) + "=")
        with _membership(world.people, folder / "run", clock), alone(build(floor, Settings()), floor):
            yield world
    for each in (gateway, notification):
        each.close()


@contextmanager
def _membership(people: People, run_dir: Path, clock: HeldClock) -> Iterator[None]:
    add = partial(add_MembershipServicer_to_server, people)
    server = Server("membership", [add], Sockets(run_dir), PassVerifier(dict, clock), workers=2)
    server.start()
    yield
    server.stop()
