"""Promise 44: people are told apart by their provider and its number for them, not by name, e-mail or number alone."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels, with_pass
from services.common.errors import NotAllowed
from services.common.ids import new_id
from services.common.wires import Sockets
from services.membership.provider import Provider
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.openid import OpenId
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.unit.membership.people import CARE_HOMES

PEOPLE = 20


@dataclass
class County:
    """Membership with a provider of its own; both counties' providers sign with one key, as bad luck would have it."""

    openid: OpenId
    operator: MembershipStub
    gateway: MembershipStub
    clock: HeldClock

    def joins(self, subject: str, name: str, email: str) -> str:
        """The member's id."""
        member = pb.Member(id=new_id(), name=name, email=email, community_id=CARE_HOMES, roles=[ROLE_CONVENOR])
        self.operator.PutMember(pb.PutMemberRequest(member=member))
        code = self.operator.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=member.id)).code
        asked = pb.AcceptInvitationRequest(code=code, access_token=self.token(subject))
        self.gateway.AcceptInvitation(asked)
        return member.id

    def token(self, subject: str) -> str:
        return self.openid.token(subject, self.clock())

    def pass_for(self, token: str) -> str:
        return str(getattr(self.gateway.IssuePass(pb.IssuePassRequest(access_token=token)), "pass"))

    def member_behind(self, pass_: str) -> str:
        return self.gateway.GetMe(pb.GetMeRequest(), metadata=with_pass(pass_)).member_id


@contextmanager
def a_county(folder: Path, databases: SqliteDatabases, clock: HeldClock) -> Iterator[County]:
    with OpenId() as openid, a_floor("membership", databases, clock, folder) as floor, ExitStack() as stack:
        stack.enter_context(alone(build(floor, Settings(issuer=openid.issuer)), floor))
        calling = [Channels(Sockets(folder / "run"), name) for name in ("operator", "gateway")]
        operator, gateway = (each.stub(MembershipStub, "membership") for each in calling)
        operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        yield County(openid, operator, gateway, clock)
        for each in calling:
            each.close()


@pytest.fixture
def counties(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[tuple[County, County]]:
    clock = HeldClock()
    with (
        a_county(tmp_path / "notts", sqlite_databases, clock) as notts,
        a_county(tmp_path / "derbys", sqlite_databases, clock) as derbys,
    ):
        yield notts, derbys


def taken_for_another(here: County, there: County) -> list[str]:
    """What let a person of one county in at the other, or made two people one."""
    merged = []
    for number in range(PEOPLE):
        # One mailbox and one name for all, and the same numbers at both providers.
        subject, name, email = f"person-{number}", "Jo Smith", "home@homes.example"
        mine, theirs = here.joins(subject, name, email), there.joins(subject, name, email)
        passes = here.pass_for(here.token(subject)), there.pass_for(there.token(subject))
        if (here.member_behind(passes[0]), there.member_behind(passes[1])) != (mine, theirs) or mine == theirs:
            merged.append(f"{subject} is somebody else")
        merged += [f"{subject} {way}" for way, let_in in _across(here, there, subject, passes[1]).items() if let_in]
    return merged


def _across(here: County, there: County, subject: str, pass_: str) -> Mapping[str, bool]:
    return {
        "by a token": _is_let_in(lambda: here.pass_for(there.token(subject))),
        "by a pass": _is_let_in(lambda: here.member_behind(pass_)),
    }


def _is_let_in(ask: Any) -> bool:
    try:
        ask()
    except NotAllowed:
        return False
    return True


def test_equal_names_addresses_and_numbers_in_two_counties_are_two_people(counties: tuple[County, County]) -> None:
    merged = taken_for_another(*counties)

    figures = f"pairs={PEOPLE} merged={len(merged)} {' '.join(merged[:3])}".rstrip()
    promise(44, "embedded", "equal people of two counties", not merged, figures, 0)


def test_a_county_that_does_not_ask_whose_word_it_is_is_caught(counties: tuple[County, County]) -> None:
    def without_issuer(self: Provider, claims: Mapping[str, Any], now: object) -> None:
        """Believes whoever signed."""

    with planted((Provider, "_check", without_issuer)):
        merged = taken_for_another(*counties)

    figures = f"bugs=1 caught={int(bool(merged))} merged={len(merged)}"
    promise(44, "embedded", "equal people of two counties planted", bool(merged), figures, 0)
