"""Promise 39: keys of provider and passes change under load and nobody notices; made-up keys cost a fetch a minute."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub, add_MembershipServicer_to_server
from services.common.channels import Channels, with_pass
from services.common.errors import Refusal
from services.common.service import Service, add_to
from services.common.wires import Sockets
from services.membership.keys import InvitationCodes, PassKeyRing
from services.membership.provider import Provider
from services.membership.provider_keys import HttpKeys, Key, ProviderKeys
from services.membership.rpc import Membership
from services.membership.store.tables import METADATA
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.machine import FULL
from tests.openid import AUDIENCE, OpenId
from tests.promises.promise import promise
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

ROTATIONS = 3
BETWEEN = 500 if FULL else 50
MADE_UP = 10_000
MakeKeys = Callable[[HttpKeys], ProviderKeys]


@dataclass
class World:
    clock: HeldClock
    openid: OpenId
    gateway: MembershipStub
    ring: PassKeyRing
    kid: str = "k1"
    done: int = 0
    errors: int = 0
    turns: list[threading.Lock] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def sign_in(self) -> None:
        """The provider's token for a pass, the pass for a page: as each page of the gateway does it."""
        token = self.openid.token("ann", self.clock(), kid=self.kid)
        given = self.gateway.IssuePass(pb.IssuePassRequest(access_token=token))
        self.gateway.GetMe(pb.GetMeRequest(), metadata=with_pass(str(getattr(given, "pass"))))

    def keep_signing_in(self, turn: threading.Lock) -> None:
        while not self.ending.is_set():
            with turn:
                try:
                    self.sign_in()
                except Refusal:
                    self.errors += 1
                self.done += 1

    def more_sign_ins(self) -> None:
        goal = self.done + BETWEEN
        until(lambda: self.done >= goal, "sign-ins go on")

    def a_minute_passes(self) -> None:
        """Between sign-ins, so that none has its time cut off."""
        with ExitStack() as all_turns:
            for turn in self.turns:
                all_turns.enter_context(turn)
            self.clock.now += timedelta(seconds=61)

    def new_provider_key(self) -> None:
        new = f"{self.kid}+"
        self.openid.keys = {self.kid: self.openid.keys[self.kid], new: RSAKey.generate_key(2048)}
        self.kid = new

    @contextmanager
    def load(self) -> Iterator[None]:
        self.turns = [threading.Lock() for _ in range(2)]
        threads = [threading.Thread(target=self.keep_signing_in, args=(turn,)) for turn in self.turns]
        for thread in threads:
            thread.start()
        yield
        self.ending.set()
        for thread in threads:
            thread.join()


@contextmanager
def a_world(folder: Path, databases: SqliteDatabases, make_keys: MakeKeys) -> Iterator[World]:
    clock = HeldClock()
    calling = {name: Channels(Sockets(folder / "run"), name) for name in ("operator", "gateway")}
    with OpenId() as openid, a_floor("membership", databases, clock, folder) as floor, ExitStack() as stack:
        ring = PassKeyRing(folder / "pass.key", clock)
        provider = Provider(openid.issuer, AUDIENCE, make_keys(HttpKeys(openid.issuer, "", None)))
        codes = InvitationCodes(folder / "invitation.key")
        servicer = Membership(floor.db, clock, provider=provider, ring=ring, codes=codes)
        service = Service("membership", [add_to(add_MembershipServicer_to_server, servicer)], METADATA)
        stack.enter_context(alone(service, floor))
        operator, gateway = (each.stub(MembershipStub, "membership") for each in calling.values())
        operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        operator.PutMember(pb.PutMemberRequest(member=pb.Member(id=an_id(1), name="Ann", community_id=CARE_HOMES)))
        code = operator.CreateInvitation(pb.CreateInvitationRequest(id=an_id(2), member_id=an_id(1))).code
        token = openid.token("ann", clock())
        gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        yield World(clock, openid, gateway, ring)
    for each in calling.values():
        each.close()


def rotate_under_load(world: World, *, minutes_between: bool) -> None:
    with world.load():
        for _ in range(ROTATIONS):
            world.more_sign_ins()
            if minutes_between:
                world.a_minute_passes()
            world.ring.rotate()
            world.new_provider_key()
            world.more_sign_ins()


def test_keys_change_under_load_without_an_error(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_world(tmp_path, sqlite_databases, ProviderKeys) as world:
        rotate_under_load(world, minutes_between=True)

        figures = f"rotations={ROTATIONS} sign_ins={world.done} errors={world.errors} fetches={world.openid.fetched}"
    promise(39, "embedded", "keys change under load", world.errors == 0, figures, 0)


@pytest.mark.parametrize("bug", ["keys fetched once and for all", "keys changed twice in a minute"])
def test_a_change_of_keys_that_loses_sign_ins_is_caught(
    tmp_path: Path, sqlite_databases: SqliteDatabases, bug: str
) -> None:
    once = bug == "keys fetched once and for all"
    with a_world(tmp_path, sqlite_databases, FetchedOnce if once else ProviderKeys) as world:
        rotate_under_load(world, minutes_between=once)

    promise(39, "embedded", f"planted {bug}", world.errors > 0, f"sign_ins={world.done} errors={world.errors}", 0)


@pytest.mark.parametrize("planted", [False, True], ids=["kept", "planted"])
def test_made_up_keys_cost_the_provider_one_fetch_a_minute(planted: bool) -> None:
    clock = HeldClock()
    with OpenId() as openid:
        keys = (FetchedAlways if planted else ProviderKeys)(HttpKeys(openid.issuer, "", None))
        keys.find("k1", clock())
        asked = 500 if planted else MADE_UP
        step = timedelta(minutes=5) / asked
        for number in range(asked):
            assert keys.find(f"made up {number}", clock()) is None
            clock.now += step

        rare = openid.fetched <= 1 + 5
        figures = f"made_up={asked} minutes=5 fetches={openid.fetched}"
    name = "planted fetch for each made-up key" if planted else "made-up keys"
    promise(39, "embedded", name, rare is not planted, figures, 0)


class FetchedOnce(ProviderKeys):
    """Never asks the provider again."""

    def find(self, kid: str, now: datetime) -> Key | None:
        if not self._keys:
            self._keys = self._fetch()
        return self._keys.get(kid)


class FetchedAlways(ProviderKeys):
    """Asks the provider for whatever it is told of."""

    def find(self, kid: str, now: datetime) -> Key | None:
        self._keys = self._keys if kid in self._keys else self._fetch()
        return self._keys.get(kid)
