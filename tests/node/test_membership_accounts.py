"""Membership tells the node's own provider of its members' accounts: late rather than never, and no more than is so."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_REVIEWER
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from fosse.membership.v1.standing_pb2 import (
    MEMBER_STANDING_DISABLED,
    MEMBER_STANDING_ENABLED,
    MEMBER_STANDING_ENDED,
    ChangeRolesRequest,
    ChangeStandingRequest,
    DescribeMemberRequest,
    MemberStanding,
)
from fosse.membership.v1.standing_pb2_grpc import StandingStub
from services.common.channels import Channels
from services.common.ids import new_id
from services.common.rpc_errors import Away
from services.common.settings import BadSetting
from services.common.wires import Sockets
from services.membership.consumer import consumer
from services.membership.domain.accounts import Account
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.openid import OpenId
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

ANN = an_id(1)


class Told:
    """A provider that is away as often as it is told to be."""

    def __init__(self) -> None:
        self.accounts: list[Account] = []
        self.away = 0

    def __call__(self, account: Account) -> None:
        if self.away:
            self.away -= 1
            raise Away("not now")
        self.accounts.append(account)


Put = Callable[..., pb.Member]


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def put(told: Told, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Put]:
    """Puts Ann, who has a sign-in, and Bert, who has none."""
    clock = HeldClock()
    with OpenId() as openid, a_floor("membership", sqlite_databases, clock, tmp_path) as floor, ExitStack() as stack:
        hearing = consumer(floor.db, openid.issuer, told)
        made = build(floor, Settings(issuer=openid.issuer))
        stack.enter_context(alone(replace(made, consumers=[hearing]), floor))
        calling = [Channels(Sockets(tmp_path / "run"), name) for name in ("operator", "gateway")]
        operator, gateway = (each.stub(MembershipStub, "membership") for each in calling)

        def member(number: int = 1, **given: Any) -> pb.Member:
            wanted = pb.Member(id=an_id(number), name="Ann", community_id=CARE_HOMES, **given)
            return operator.PutMember(pb.PutMemberRequest(member=wanted)).member

        operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        member(2, roles=[ROLE_CONVENOR])
        member()
        code = operator.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=ANN)).code
        token = openid.token("subject-of-ann", clock())
        gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        until(lambda: told.accounts, "the provider is told of Ann")
        yield member
        for each in calling:
            each.close()


def test_only_members_with_a_sign_in_are_told_of_and_by_what_asks_for_a_second_factor(told: Told, put: Put) -> None:
    first = put(version=1, roles=[ROLE_CONVENOR, ROLE_REVIEWER])
    until(lambda: told.accounts[-1].roles, "Ann is a convenor")
    put(version=first.version, roles=[ROLE_CONVENOR], left=True)
    until(lambda: told.accounts[-1].closed, "Ann left")

    assert {each.subject for each in told.accounts} == {"subject-of-ann"}
    assert Account("subject-of-ann", frozenset({"convenor"}), closed=False) in told.accounts
    assert told.accounts[-1] == Account("subject-of-ann", frozenset(), closed=True)


def test_a_provider_that_is_away_is_told_later(told: Told, put: Put) -> None:
    told.away = 2

    put(version=1, left=True)

    until(lambda: told.accounts[-1].closed, "Ann left, and the provider knows")
    assert told.away == 0


def test_an_account_follows_what_the_operator_does_by_command(told: Told, put: Put, tmp_path: Path) -> None:
    with closing(Channels(Sockets(tmp_path / "run"), "operator")) as channels:
        standing = channels.stub(StandingStub, "membership")

        def stand(how: MemberStanding.ValueType) -> None:
            seen = standing.DescribeMember(DescribeMemberRequest(member_id=ANN)).member
            standing.ChangeStanding(ChangeStandingRequest(member_id=ANN, expected_version=seen.version, standing=how))

        wanted = ChangeRolesRequest(member_id=ANN, expected_version=1, community_id=CARE_HOMES, given=[ROLE_CONVENOR])
        standing.ChangeRoles(wanted)
        until(lambda: told.accounts[-1].roles == {"convenor"}, "Ann is a convenor")
        stand(MEMBER_STANDING_DISABLED)
        until(lambda: told.accounts[-1].closed, "Ann is shut out")
        stand(MEMBER_STANDING_ENABLED)
        until(lambda: told.accounts[-1].roles == {"convenor"}, "Ann is what she was before")
        stand(MEMBER_STANDING_ENDED)
        until(lambda: told.accounts[-1].closed, "Ann's membership ended")
        stand(MEMBER_STANDING_ENABLED)
        until(lambda: told.accounts[-1] == Account("subject-of-ann", frozenset(), closed=False), "a plain member")


def test_membership_does_not_start_with_half_of_what_it_needs_for_accounts(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with a_floor("membership", sqlite_databases, HeldClock(), tmp_path) as floor:
        with pytest.raises(BadSetting, match="FOSSE_MEMBERSHIP_ACCOUNTS_SECRET_FILE"):
            build(floor, Settings(accounts="https://keycloak:8443/id"))
        assert build(floor, Settings()).consumers == ()
