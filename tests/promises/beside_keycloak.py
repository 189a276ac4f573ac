"""A gateway and membership beside a real Keycloak, and people who sign in there by its own pages."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import gateway.app
from fosse.common.v1.access_pb2 import Role
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway.settings import Settings
from services.common.channels import Channels
from services.common.clock import Clock, utc_now
from services.common.ids import new_id
from services.common.wires import Sockets
from services.membership.service import build
from services.membership.settings import Settings as MembershipSettings
from services.node.web import WebServer, bound
from tests.alone import a_floor, alone
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.keycloak import PASS_PHRASE, Keycloak
from tests.keycloak import Browser as AtProvider
from tests.members import COMMUNITY, put_community


@dataclass
class Somebody:
    """A member with an account, and the browser that they are signed in with."""

    member: pb.Member
    account: str
    browser: Browser


@dataclass
class County:
    keycloak: Keycloak
    operator: MembershipStub
    public_url: str

    def joins(self, name: str, *roles: Role.ValueType) -> Somebody:
        wanted = pb.Member(id=new_id(), name=name, community_id=COMMUNITY, roles=roles)
        member = self.operator.PutMember(pb.PutMemberRequest(member=wanted)).member
        asked = pb.CreateInvitationRequest(id=new_id(), member_id=member.id)
        path = f"/invitation/{self.operator.CreateInvitation(asked).code}"
        typed = f"{name.lower()}-{new_id()[:8]}"
        account, browser = self.keycloak.add_account(typed), Browser(self.public_url)
        provider = AtProvider(self.keycloak, self.public_url)
        provider.open(browser.ask_provider(path))
        provider.send(username=typed, password=PASS_PHRASE)
        browser.get(provider.sent_back_to)
        accepted = browser.send(path)
        assert accepted.status_code == 303, accepted.text
        return Somebody(member, account, browser)

    def changes(self, somebody: Somebody, *roles: Role.ValueType, left: bool = False) -> None:
        member = somebody.member
        wanted = pb.Member(
            id=member.id, name=member.name, community_id=COMMUNITY, roles=roles, left=left, version=member.version
        )
        self.operator.PutMember(pb.PutMemberRequest(member=wanted))


@contextmanager
def a_county(keycloak: Keycloak, folder: Path, databases: SqliteDatabases, clock: Clock = utc_now) -> Iterator[County]:
    with ExitStack() as stack:
        listening = stack.enter_context(bound("127.0.0.1", 0))
        public_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        keycloak.prepare(public_url, gateway=public_url)
        floor = stack.enter_context(a_floor("membership", databases, clock, folder))
        stack.enter_context(alone(build(floor, _membership(keycloak)), floor))
        operator = Channels(Sockets(folder / "run"), "operator")
        stack.callback(operator.close)
        membership = operator.stub(MembershipStub, "membership", 30)
        put_community(membership)
        app = gateway.app.create_app(_gateway(keycloak, folder, databases, public_url), clock=clock)
        stack.callback(gateway.app.close, app)
        server = WebServer(app, listening, threads=4, largest_body=1024 * 1024)
        server.start()
        stack.callback(server.stop)
        yield County(keycloak, membership, public_url)


def _membership(keycloak: Keycloak) -> MembershipSettings:
    return MembershipSettings(
        issuer=keycloak.issuer,
        provider_ca=Path(keycloak.trusted),
        accounts=keycloak.address,
        accounts_secret_file=keycloak.secrets / "membership" / "accounts-secret",
    )


def _gateway(keycloak: Keycloak, folder: Path, databases: SqliteDatabases, public_url: str) -> Settings:
    return Settings(
        slug="notts",
        public_url=public_url,
        run_dir=folder / "run",
        database=databases.new_url(gateway.app.MIGRATIONS),
        issuer=keycloak.issuer,
        provider_ca=Path(keycloak.trusted),
        client_secret_file=keycloak.secrets / "gateway" / "client-secret",
        secret_key_file=folder / "gateway.key",
        # A busy machine is not what is looked at here.
        page_deadline_s=10.0,
    )
