"""Promise 38: forged and mis-scoped tokens open nothing, neither at IssuePass nor where passes are verified."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import OKPKey

from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common import passes
from services.common.access import Person, Role
from services.common.channels import Channels, with_pass
from services.common.errors import NotAllowed, Refusal
from services.common.passes import PassVerifier
from services.common.wires import Sockets
from services.membership.keys import PassKeyRing
from services.membership.provider import Provider
from services.membership.provider_keys import HttpKeys, ProviderKeys
from services.membership.service import build
from services.membership.settings import Settings
from tests.alone import HeldClock, a_floor, alone
from tests.databases import SqliteDatabases
from tests.openid import AUDIENCE, OpenId
from tests.promises.forging import forged_access_tokens, forged_passes
from tests.promises.promise import promise
from tests.unit.membership.people import CARE_HOMES, an_id

ANN = an_id(1)
GET_ME = "/fosse.membership.v1.Membership/GetMe"


@dataclass
class World:
    """Membership at work with one member who signs in; the test holds the key that signs passes."""

    clock: HeldClock
    openid: OpenId
    gateway: MembershipStub
    ring: PassKeyRing

    def issue_pass(self, token: str) -> None:
        self.gateway.IssuePass(pb.IssuePassRequest(access_token=token))

    def get_me(self, token: str) -> None:
        # An empty pass is no pass, which is refused as nobody.
        self.gateway.GetMe(pb.GetMeRequest(), metadata=with_pass(token))

    def forged_passes(self) -> tuple[str, dict[str, str]]:
        key, kid = self.ring.signing()
        person = Person(ANN, roles={CARE_HOMES: frozenset({int(Role.ROLE_MEMBER)})})
        claims = jwt.decode(passes.sign(key, kid, person, self.clock()), key, algorithms=["Ed25519"]).claims
        good, forged = forged_passes(key, kid, dict(claims), self.clock())
        access_token = self.openid.token("ann", self.clock())
        return good, {**forged, **self._mis_scoped(person), "an access token as a pass": access_token}

    def _mis_scoped(self, person: Person) -> dict[str, str]:
        """Truly signed, but for one rpc and object that were meant for a link."""
        scopes = {
            "a link's pass for another rpc": f"/fosse.membership.v1.Membership/AcceptInvitation|{ANN}",
            "a link's pass where links are not taken": f"{GET_ME}|{ANN}",
            "a link's pass for everything": "*",
        }
        key, kid = self.ring.signing()
        return {
            name: passes.sign(key, kid, Person(person.member_id, roles=person.roles, scope=scope), self.clock())
            for name, scope in scopes.items()
        }


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    clock = HeldClock()
    calling = {name: Channels(Sockets(tmp_path / "run"), name) for name in ("operator", "gateway")}
    with OpenId() as openid, a_floor("membership", sqlite_databases, clock, tmp_path) as floor, ExitStack() as stack:
        stack.enter_context(alone(build(floor, Settings(issuer=openid.issuer)), floor))
        operator, gateway = (each.stub(MembershipStub, "membership") for each in calling.values())
        operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        operator.PutMember(pb.PutMemberRequest(member=pb.Member(id=ANN, name="Ann", community_id=CARE_HOMES)))
        code = operator.CreateInvitation(pb.CreateInvitationRequest(id=an_id(2), member_id=ANN)).code
        token = openid.token("ann", clock())
        gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        yield World(clock, openid, gateway, PassKeyRing(tmp_path / "keys" / "pass.key", clock))
    for each in calling.values():
        each.close()


def accepted(forged: Mapping[str, str], use: Callable[[str], object]) -> list[str]:
    """Those that were not refused."""
    found = []
    for name, token in forged.items():
        try:
            use(token)
        except NotAllowed:
            continue
        except Refusal:
            pass
        found.append(name)
    return found


def test_forged_and_mis_scoped_tokens_open_nothing(world: World) -> None:
    good_token, forged_tokens = forged_access_tokens(world.openid, "ann", world.clock())
    good_pass, forged = world.forged_passes()

    opened = [*accepted(forged_tokens, world.issue_pass), *accepted(forged, world.get_me)]
    welcome = [*accepted({"good": good_token}, world.issue_pass), *accepted({"good": good_pass}, world.get_me)]

    tried = len(forged_tokens) + len(forged)
    figures = f"tried={tried} accepted={len(opened)} good_accepted={len(welcome)}/2 {' '.join(opened)}".rstrip()
    promise(38, "embedded", "forged tokens", tried >= 40 and not opened and len(welcome) == 2, figures, 0)


def test_a_door_with_a_bug_is_caught(world: World) -> None:
    _, tokens = forged_access_tokens(world.openid, "ann", world.clock())
    _, forged = world.forged_passes()
    keys = ProviderKeys(HttpKeys(world.openid.issuer, "", None))
    now = world.clock()

    doors: dict[str, int] = {}
    for kind in (NoSignature, NoClaims, NoType, KeyFromHeader):
        signed_in = kind(world.openid.issuer, AUDIENCE, keys).signed_in
        doors[kind.__name__] = len(accepted(tokens, partial(signed_in, now=now)))
    for name, verifier in careless_verifiers(world).items():
        doors[name] = len(accepted(forged, verifier.verify))

    caught = sum(count > 0 for count in doors.values())
    figures = f"bugs={len(doors)} caught={caught} " + " ".join(f"{name}={count}" for name, count in doors.items())
    promise(38, "embedded", "forged tokens planted", caught == len(doors), figures, 0)


class NoSignature(Provider):
    """Reads the claims without asking who signed them."""

    def _verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        claims: dict[str, Any] = json.loads(_body(token))
        self._check(claims, now)
        return claims


class NoClaims(Provider):
    """Believes whatever the provider ever signed."""

    def _check(self, claims: Mapping[str, Any], now: datetime) -> None:
        if not isinstance(claims.get("sub"), str):
            raise ValueError("about nobody")


class NoType(Provider):
    """Takes id tokens for access tokens."""

    def _verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        key = self.keys.find("k1", now)
        assert key
        claims = jwt.decode(token, key, algorithms=["RS256"]).claims
        self._check(claims, now)
        return claims


class KeyFromHeader(Provider):
    """Believes the key that a token brings along."""

    def _verified(self, token: str, now: datetime) -> Mapping[str, Any]:
        brought = jws.extract_compact(token.encode("ascii")).headers()["jwk"]
        claims = jwt.decode(token, OKPKey.import_key(brought), algorithms=["Ed25519"]).claims
        self._check(claims, now)
        return claims


def careless_verifiers(world: World) -> dict[str, PassVerifier]:
    """A verifier behind which nobody looks at the scope, and one whose clock is late."""
    known = dict(world.ring.public())
    return {
        "no_scope": PassVerifier(lambda: known, world.clock),
        "late_clock": PassVerifier(lambda: known, lambda: _half_a_minute_ago(world.clock())),
    }


def _half_a_minute_ago(now: datetime) -> datetime:
    return datetime.fromtimestamp(now.timestamp() - 30, tz=now.tzinfo)


def _body(token: str) -> bytes:
    part = (token + "..").split(".")[1]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
