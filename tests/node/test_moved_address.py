"""A node with another address: its own provider has another name then, and people stay who they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels
from services.common.errors import NotAllowed
from services.common.ids import new_id
from services.common.service import Floor
from services.common.wires import Sockets
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.openid import OpenId
from tests.unit.membership.people import CARE_HOMES, an_id

ANN, BERT = an_id(1), an_id(2)


class Node:
    """One database; membership is started with the settings that a test gives."""

    def __init__(self, floor: Floor, folder: Path) -> None:
        self._floor = floor
        self._calling = [Channels(Sockets(folder / "run"), name) for name in ("operator", "gateway")]
        self._operator, self._gateway = (each.stub(MembershipStub, "membership") for each in self._calling)

    @contextmanager
    def up(self, settings: Settings) -> Iterator[None]:
        with alone(build(self._floor, settings), self._floor):
            self._operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
            yield

    def joins(self, member_id: str, token: str) -> None:
        member = pb.Member(id=member_id, name="Ann", community_id=CARE_HOMES)
        self._operator.PutMember(pb.PutMemberRequest(member=member))
        code = self._operator.CreateInvitation(pb.CreateInvitationRequest(id=new_id(), member_id=member_id)).code
        self._gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))

    def enters(self, token: str) -> bool:
        try:
            self._gateway.IssuePass(pb.IssuePassRequest(access_token=token))
        except NotAllowed:
            return False
        return True

    def close(self) -> None:
        for each in self._calling:
            each.close()


@pytest.fixture
def node(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[Node]:
    with a_floor("membership", sqlite_databases, HeldClock(), tmp_path) as floor:
        made = Node(floor, tmp_path)
        yield made
        made.close()


def test_people_stay_who_they_are_when_the_operator_names_the_address_before(node: Node) -> None:
    now = HeldClock()()
    with OpenId() as before, OpenId() as after:
        with node.up(Settings(issuer=before.issuer)):
            node.joins(ANN, before.token("ann", now))
        with node.up(Settings(issuer=after.issuer)):
            assert not node.enters(after.token("ann", now)), "nobody guesses that two providers are one"
            node.joins(BERT, after.token("bert", now))
        for _ in range(2):
            with node.up(Settings(issuer=after.issuer, former_issuer=before.issuer)):
                assert node.enters(after.token("ann", now)) and node.enters(after.token("bert", now))
                assert not node.enters(before.token("ann", now))
