"""Membership at work as the gateway, the command line and notification meet it, and what a test needs to do there."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import directory_pb2
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels, with_pass
from services.common.wires import Sockets
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.openid import OpenId
from tests.unit.membership.people import CARE_HOMES, an_id

ANN, BEN, EVE = an_id(1), an_id(2), an_id(3)
MakeStub = Callable[..., Any]


@dataclass
class World:
    """Membership at work, with one community and Ann, its convenor, who has accepted her invitation."""

    clock: HeldClock
    provider: OpenId
    operator: MembershipStub
    gateway: MembershipStub
    notification: MembershipStub

    def put_member(self, member_id: str, name: str, **given: Any) -> pb.Member:
        member = pb.Member(**{"id": member_id, "name": name, "community_id": CARE_HOMES, **given})
        return self.operator.PutMember(pb.PutMemberRequest(member=member)).member

    def invite(self, member_id: str, form: int = 1) -> str:
        return self.operator.CreateInvitation(pb.CreateInvitationRequest(id=an_id(form), member_id=member_id)).code

    def accept(self, subject: str, code: str) -> str:
        token = self.provider.token(subject, self.clock())
        return self.gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token)).member_id

    def pass_for(self, subject: str) -> str:
        token = self.provider.token(subject, self.clock())
        return str(getattr(self.gateway.IssuePass(pb.IssuePassRequest(access_token=token)), "pass"))

    def pass_keys(self) -> dict[str, bytes]:
        return {key.kid: key.public_key for key in self.gateway.PassKeys(pb.PassKeysRequest()).keys}

    def as_person(self, subject: str) -> tuple[tuple[str, str], ...]:
        return with_pass(self.pass_for(subject))


@contextmanager
def membership_with_ann(databases: SqliteDatabases, folder: Path) -> Iterator[World]:
    clock = HeldClock()
    channels = [Channels(Sockets(folder / "run"), name) for name in ("operator", "gateway", "notification")]
    with OpenId() as provider, a_floor("membership", databases, clock, folder) as floor, ExitStack() as stack:
        stack.enter_context(alone(build(floor, Settings(issuer=provider.issuer)), floor))
        world = World(clock, provider, *(each.stub(MembershipStub, "membership") for each in channels))
        world.operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes", hashtag="#homes"))
        world.put_member(ANN, "Ann Example", roles=[ROLE_CONVENOR])
        world.accept("ann", world.invite(ANN))
        yield world
    for each in channels:
        each.close()


@contextmanager
def membership_with_three(databases: SqliteDatabases, folder: Path) -> Iterator[World]:
    """Ben and Eve, plain members, have accepted theirs too."""
    with membership_with_ann(databases, folder) as running:
        running.put_member(BEN, "Ben Example", email="ben@home.example")
        running.accept("ben", running.invite(BEN, 2))
        running.put_member(EVE, "Eve Example", email="eve@home.example")
        running.accept("eve", running.invite(EVE, 3))
        yield running


@contextmanager
def stubs(folder: Path) -> Iterator[MakeStub]:
    made: list[Channels] = []

    def make(kind: Any, workload: str = "gateway") -> Any:
        made.append(Channels(Sockets(folder / "run"), workload))
        return made[-1].stub(kind, "membership")

    yield make
    for each in made:
        each.close()


def listing(world: World, directory: Any, subject: str, **filters: Any) -> dict[str, str]:
    """Names with the addresses that this person sees."""
    asked = directory_pb2.ListDirectoryRequest(community_id=CARE_HOMES, **filters)
    found = directory.ListDirectory(asked, metadata=world.as_person(subject))
    return {each.name: each.email for each in found.entries}
