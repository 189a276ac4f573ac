"""Accounts at the node's own Keycloak follow their members: what membership decides bites where people sign in."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from keycloak import KeycloakOpenIDConnection

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.ids import new_id
from services.common.wires import Sockets
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import a_floor, alone
from tests.databases import SqliteDatabases
from tests.keycloak import Browser, Keycloak
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

pytestmark = [pytest.mark.xdist_group("keycloak"), pytest.mark.timeout(600)]
PUBLIC = "https://notts.example"
NORA = an_id(1)
BEYOND = ("clients", "authentication/flows", "roles", "identity-provider/instances")


@dataclass
class World:
    """Membership at work beside a Keycloak, and the two that may call it."""

    keycloak: Keycloak
    operator: MembershipStub
    gateway: MembershipStub

    def put(self, member: pb.Member) -> pb.Member:
        return self.operator.PutMember(pb.PutMemberRequest(member=member)).member

    def joined(self, name: str, member: pb.Member) -> str:
        """A person with an account accepts their invitation; returns the account's id."""
        account = self.keycloak.add_account(name)
        code = self.operator.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=member.id)).code
        browser = Browser(self.keycloak, PUBLIC)
        browser.sign_in(name)
        token = browser.tokens()["access_token"]
        self.gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        return account

    def roles(self, account: str) -> set[str]:
        found = {each["name"] for each in self.keycloak.admin().get_realm_roles_of_user(account)}
        return found & {"convenor", "operator"}


@pytest.fixture
def world(keycloak: Keycloak, tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    keycloak.prepare(PUBLIC)
    settings = Settings(
        issuer=keycloak.issuer,
        provider_ca=Path(keycloak.trusted),
        accounts=keycloak.address,
        accounts_secret_file=keycloak.secrets / "membership" / "accounts-secret",
    )
    with a_floor("membership", sqlite_databases, utc_now, tmp_path) as floor, ExitStack() as stack:
        stack.enter_context(alone(build(floor, settings), floor))
        calling = [Channels(Sockets(tmp_path / "run"), name) for name in ("operator", "gateway")]
        operator, gateway = (each.stub(MembershipStub, "membership", 30) for each in calling)
        operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        yield World(keycloak, operator, gateway)
        for each in calling:
            each.close()


def test_a_convenor_needs_a_second_factor_from_the_next_sign_in_and_a_member_again_does_not(world: World) -> None:
    nora = world.put(pb.Member(id=NORA, name="Nora", community_id=CARE_HOMES, roles=[ROLE_CONVENOR]))
    account = world.joined("nora", nora)

    until(lambda: world.roles(account) == {"convenor"}, "the account has the role", within_s=60)
    asked, plain = Browser(world.keycloak, PUBLIC), Browser(world.keycloak, PUBLIC)
    asked.sign_in("nora")
    assert not asked.code and "totpSecret" in asked.page
    world.put(pb.Member(id=NORA, name="Nora", community_id=CARE_HOMES, version=nora.version))
    until(lambda: world.roles(account) == set(), "the role is gone", within_s=60)
    plain.sign_in("nora")
    assert plain.code


def test_whoever_left_is_signed_out_and_cannot_sign_in_until_they_are_back(world: World) -> None:
    lena = world.put(pb.Member(id=NORA, name="Lena", community_id=CARE_HOMES))
    account = world.joined("lena", lena)
    here, later, back = (Browser(world.keycloak, PUBLIC) for _ in range(3))
    here.sign_in("lena")
    token = here.tokens()["refresh_token"]

    left = world.put(pb.Member(id=NORA, name="Lena", community_id=CARE_HOMES, left=True, version=lena.version))

    until(lambda: not world.keycloak.admin().get_user(account)["enabled"], "the account is off", within_s=60)
    until(lambda: not world.keycloak.admin().get_sessions(account), "no session is left", within_s=60)
    later.sign_in("lena")
    assert here.refreshed(token).status_code == 400 and not later.code
    world.put(pb.Member(id=NORA, name="Lena", community_id=CARE_HOMES, version=left.version))
    until(lambda: world.keycloak.admin().get_user(account)["enabled"], "the account is on again", within_s=60)
    back.sign_in("lena")
    assert back.code


def test_membership_may_change_accounts_and_nothing_else(world: World) -> None:
    secret = (world.keycloak.secrets / "membership" / "accounts-secret").read_text()
    us = KeycloakOpenIDConnection(
        server_url=f"{world.keycloak.address}/", realm_name="fosse", client_id="fosse-membership",
        client_secret_key=secret, verify=world.keycloak.trusted, timeout=60,
    )  # fmt: skip
    asked = {path: us.raw_get(f"admin/realms/fosse/{path}").status_code for path in ("users", *BEYOND)}

    assert asked == {"users": 200, **dict.fromkeys(BEYOND, 403)}


def test_an_account_that_is_gone_stops_nobody(world: World) -> None:
    mona = world.put(pb.Member(id=NORA, name="Mona", community_id=CARE_HOMES))
    world.keycloak.admin().delete_user(world.joined("mona", mona))
    world.put(pb.Member(id=NORA, name="Mona", community_id=CARE_HOMES, left=True, version=mona.version))
    other = world.put(pb.Member(id=an_id(2), name="Olga", community_id=CARE_HOMES, roles=[ROLE_CONVENOR]))

    account = world.joined("olga", other)

    until(lambda: world.roles(account) == {"convenor"}, "those after it are told", within_s=60)
