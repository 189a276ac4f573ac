"""People of a node: put in as an operator does it, signed in as a browser does it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from fosse.common.v1.access_pb2 import Role
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from gateway.sessions import Sessions, Tokens
from gateway.settings import Settings
from services.common.database import Database
from services.node.provider.accounts import Accounts
from tests.browsing import Browser

COMMUNITY = "c" * 32
ANOTHER = "d" * 32


@dataclass
class Members:
    operator: MembershipStub
    accounts: Accounts
    fresh: Callable[[], Browser] = field(repr=False)

    def a_member(self, number: int, name: str, *roles: Role.ValueType, community: str = COMMUNITY) -> str:
        """A member who has an account at the provider, and a link to accept; answers the link's path."""
        member = pb.Member(
            id=f"{number:032x}", name=name, email=f"m{number}@home.example", community_id=community, roles=roles
        )
        self.operator.PutMember(pb.PutMemberRequest(member=member))
        self.accounts.add(name, "", key=str(number))
        asked = pb.CreateInvitationRequest(id=f"{number + 1000:032x}", member_id=member.id)
        return f"/invitation/{self.operator.CreateInvitation(asked).code}"

    def signed_in(self, number: int, name: str, *roles: Role.ValueType, community: str = COMMUNITY) -> Browser:
        """A browser of a new member who has signed in and accepted the invitation."""
        path = self.a_member(number, name, *roles, community=community)
        browser = self.fresh()
        browser.sign_in(name)
        accepted = browser.send(path)
        assert accepted.status_code == 303, accepted.text
        return browser

    def leaves(self, number: int) -> None:
        """The member is one no longer."""
        listed = self.operator.ListMembers(pb.ListMembersRequest(community_id=COMMUNITY, page_size=100))
        member = next(each for each in listed.members if each.id == f"{number:032x}")
        member.left = True
        self.operator.PutMember(pb.PutMemberRequest(member=member))


def put_community(operator: MembershipStub, community: str = COMMUNITY, name: str = "Care homes") -> None:
    operator.PutCommunity(pb.PutCommunityRequest(id=community, name=name, hashtag="#homes"))


def tokens_of(settings: Settings, browser: Browser, now: datetime) -> Tokens:
    """What lies behind a browser's session and never reaches the browser."""
    db = Database(settings.database)
    session = Sessions(db).find(browser.http.cookies[settings.cookie()], now)
    db.dispose()
    assert session
    return session.tokens
