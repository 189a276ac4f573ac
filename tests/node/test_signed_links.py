"""Signed links and acting for a member, between real servers: membership gives passes, another's door checks them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from joserfc.jwk import OKPKey

from fosse.common.v1.access_pb2 import ROLE_OPERATOR
from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import events_pb2_grpc
from fosse.membership.v1 import links_pb2 as pb
from fosse.membership.v1 import membership_pb2 as membership
from fosse.membership.v1.links_pb2_grpc import LinksStub
from services.common import access, passes
from services.common.access import Person, scope_of
from services.common.channels import Channels, with_pass
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.instants import stamp
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.wires import Sockets
from tests.databases import SqliteDatabases
from tests.node.membership_world import ANN, BEN, EVE, World, membership_with_ann
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, an_id

SEPTEMBER, OCTOBER = an_id(70), an_id(71)
BOOK = "/fosse.events.v1.Meetings/BookPlace"


class Booked(events_pb2_grpc.MeetingsServicer):
    """Keeps for whom, at which meeting and by whom a place was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []

    def BookPlace(self, request: events.BookPlaceRequest, context: Any) -> events.BookPlaceResponse:
        person = access.person(context)
        self.asked.append((person.member_id, request.meeting_id, person.acting_id))
        return events.BookPlaceResponse()

    def CancelPlace(self, request: events.CancelPlaceRequest, context: Any) -> events.CancelPlaceResponse:
        raise AssertionError("no pass of these tests opens this")

    def ListPlaces(self, request: events.ListPlacesRequest, context: Any) -> events.ListPlacesResponse:
        return events.ListPlacesResponse()


@dataclass
class Doors:
    world: World
    booked: Booked
    meetings: events_pb2_grpc.MeetingsStub
    links: LinksStub
    notification: LinksStub
    made: int = field(default=100)

    def make(self, member_id: str = BEN, *, purpose: int = pb.LINK_PURPOSE_BOOK, days: int = 30) -> str:
        """The code of a new link."""
        self.made += 1
        wish = pb.LinkWish(
            id=an_id(self.made),
            member_id=member_id,
            purpose=pb.LinkPurpose.ValueType(purpose),
            object_id=SEPTEMBER,
            expires_at=stamp(self.world.clock() + timedelta(days=days)),
        )
        return self.notification.MakeLinks(pb.MakeLinksRequest(links=[wish])).links[0].code

    def trade(self, code: str) -> str:
        return str(getattr(self.links.TradeLink(pb.TradeLinkRequest(code=code)), "pass"))

    def act_for(self, member_id: str, convenor: str = "ann") -> str:
        request = pb.ActForRequest(member_id=member_id)
        return str(getattr(self.links.ActFor(request, metadata=self.world.as_person(convenor)), "pass"))

    def book(self, token: str, meeting_id: str = SEPTEMBER) -> None:
        self.meetings.BookPlace(events.BookPlaceRequest(meeting_id=meeting_id), metadata=with_pass(token))


@pytest.fixture
def doors(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Doors]:
    with membership_with_ann(sqlite_databases, tmp_path) as world, a_door(world, tmp_path / "run") as booked:
        world.put_member(BEN, "Ben Example")
        gateway, notification = (
            Channels(Sockets(tmp_path / "run"), "gateway"),
            Channels(Sockets(tmp_path / "run"), "notification"),
        )
        meetings = gateway.stub(events_pb2_grpc.MeetingsStub, "events")
        links = gateway.stub(LinksStub, "membership")
        yield Doors(world, booked, meetings, links, notification.stub(LinksStub, "membership"))
        for each in (gateway, notification):
            each.close()


@contextmanager
def a_door(world: World, run_dir: Path) -> Iterator[Booked]:
    booked = Booked()  # type: ignore[abstract]  # what it lacks answers UNIMPLEMENTED, as gRPC does

    def add(server: grpc.Server) -> None:
        events_pb2_grpc.add_MeetingsServicer_to_server(booked, server)

    server = Server("events", [add], Sockets(run_dir), PassVerifier(world.pass_keys, world.clock), workers=2)
    server.start()
    yield booked
    server.stop()


def test_a_link_books_for_its_member_who_has_no_account_and_again(doors: Doors) -> None:
    code = doors.make()

    for _ in range(2):
        doors.book(doors.trade(code))

    assert doors.booked.asked == [(BEN, SEPTEMBER, "")] * 2


def test_a_link_says_what_it_is_for_and_for_whom_before_it_is_used(doors: Doors) -> None:
    told = doors.links.DescribeLink(pb.DescribeLinkRequest(code=doors.make(purpose=pb.LINK_PURPOSE_DECLINE)))

    assert (told.purpose, told.object_id, told.made_for) == (pb.LINK_PURPOSE_DECLINE, SEPTEMBER, "Ben E.")


def test_a_link_tells_where_its_member_belongs_now(doors: Doors) -> None:
    code = doors.make()
    doors.world.operator.PutCommunity(membership.PutCommunityRequest(id=SOCIAL_CARE, name="Social care"))
    before = doors.links.DescribeLink(pb.DescribeLinkRequest(code=code))
    doors.world.put_member(BEN, "Ben Example", community_id=SOCIAL_CARE, version=1)

    described = doors.links.DescribeLink(pb.DescribeLinkRequest(code=code))
    traded = doors.links.TradeLink(pb.TradeLinkRequest(code=code))

    assert before.community_ids == [CARE_HOMES]
    assert described.community_ids == traded.community_ids == [SOCIAL_CARE]


def test_a_link_opens_no_other_meeting_and_no_other_rpc(doors: Doors) -> None:
    token = doors.trade(doors.make())
    cancel = events.CancelPlaceRequest(meeting_id=SEPTEMBER)
    see = events.ListPlacesRequest(meeting_id=SEPTEMBER)

    with pytest.raises(NotAllowed, match="not for that"):
        doors.book(token, OCTOBER)
    with pytest.raises(NotAllowed, match="not for that"):
        doors.book(token, "")
    with pytest.raises(NotAllowed, match="not for that"):
        doors.meetings.CancelPlace(cancel, metadata=with_pass(token))
    with pytest.raises(NotAllowed, match="not for that"):
        doors.meetings.ListPlaces(see, metadata=with_pass(token))
    with pytest.raises(NotAllowed, match="not for that"):
        doors.links.ActFor(pb.ActForRequest(member_id=BEN), metadata=with_pass(token))
    assert doors.booked.asked == []


def test_a_pass_that_somebody_else_signed_opens_nothing(doors: Doors) -> None:
    forger = OKPKey.generate_key("Ed25519")
    kid = next(iter(doors.world.pass_keys()))
    forged = passes.sign(forger, kid, Person(BEN, scope=scope_of(BOOK, SEPTEMBER)), doors.world.clock())

    with pytest.raises(NotAllowed):
        doors.book(forged)
    assert doors.booked.asked == []


def test_a_guessed_an_expired_and_a_revoked_link_say_so(doors: Doors) -> None:
    expired, revoked = doors.make(days=1), doors.make(days=20)
    doors.world.clock.now += timedelta(days=1)
    request = pb.RevokeLinksRequest(member_id=BEN)

    assert doors.links.RevokeLinks(request, metadata=doors.world.as_person("ann")).revoked == 1
    for code, kind, sentence in (
        ("a" * 32, NotFound, "not known here"),
        ("", NotFound, "not known here"),
        (expired, Conflict, "has run out"),
        (revoked, Conflict, "was ended"),
    ):
        with pytest.raises(kind, match=f"{sentence}.*Nothing was changed"):
            doors.trade(code)
        with pytest.raises(kind, match=sentence):
            doors.links.DescribeLink(pb.DescribeLinkRequest(code=code))


def test_a_links_pass_is_good_for_a_minute(doors: Doors) -> None:
    token = doors.trade(doors.make())
    doors.world.clock.now += timedelta(seconds=60)

    with pytest.raises(NotAllowed):
        doors.book(token)


def test_a_link_ends_when_its_member_leaves(doors: Doors) -> None:
    code = doors.make()
    doors.world.put_member(BEN, "Ben Example", left=True, version=1)

    with pytest.raises(Conflict, match="has left"):
        doors.trade(code)


def test_links_are_made_for_notification_only_and_traded_by_the_gateway_only(doors: Doors) -> None:
    with pytest.raises(NotAllowed):
        doors.links.MakeLinks(pb.MakeLinksRequest(), metadata=doors.world.as_person("ann"))
    with pytest.raises(NotAllowed):
        doors.notification.TradeLink(pb.TradeLinkRequest(code=doors.make()))


def test_a_link_without_a_purpose_is_not_made(doors: Doors) -> None:
    with pytest.raises(Invalid, match="for one thing"):
        doors.make(purpose=pb.LINK_PURPOSE_UNSPECIFIED)


def test_a_convenor_books_for_a_member_and_both_are_known_at_the_door(doors: Doors) -> None:
    doors.book(doors.act_for(BEN))

    assert doors.booked.asked == [(BEN, SEPTEMBER, ANN)]


def test_acting_for_a_member_opens_no_rpc_that_does_not_allow_it(doors: Doors) -> None:
    token = doors.act_for(BEN)
    see = events.ListPlacesRequest(meeting_id=SEPTEMBER)

    with pytest.raises(NotAllowed, match="on behalf of somebody else"):
        doors.meetings.ListPlaces(see, metadata=with_pass(token))
    with pytest.raises(NotAllowed, match="on behalf of somebody else"):
        doors.links.RevokeLinks(pb.RevokeLinksRequest(member_id=BEN), metadata=with_pass(token))
    with pytest.raises(NotAllowed, match="on behalf of somebody else"):
        doors.links.ActFor(pb.ActForRequest(member_id=BEN), metadata=with_pass(token))


def test_nobody_acts_for_an_operator_for_themselves_or_without_being_a_convenor(doors: Doors) -> None:
    doors.world.put_member(EVE, "Eve Example", roles=[ROLE_OPERATOR])
    doors.world.accept("ben", doors.world.invite(BEN, form=2))

    for member_id, who in ((EVE, "ann"), (ANN, "ann"), (ANN, "ben")):
        with pytest.raises(NotAllowed):
            doors.act_for(member_id, who)


def test_an_old_pass_without_the_new_claim_is_still_verified(doors: Doors) -> None:
    person = PassVerifier(doors.world.pass_keys, doors.world.clock).verify(doors.world.pass_for("ann"))

    assert person == replace(person, acting_id="")
