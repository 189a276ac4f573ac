"""Promise 45: every rpc lets in exactly whom its Access option names: each role, workload, link, convenor who acts, and
nobody, tried all.

Here the servers' door is real and the handlers behind it are stand-ins, so that what is seen is the door's decision.
What a person may do to which object is decided behind it; test_45_whose_object.py tries that.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from fosse.common.v1 import access_pb2
from services.common import access, passes
from services.common.access import Person
from services.common.passes import PassVerifier
from services.common.rpc import PASS, Server
from services.common.wires import WORKLOAD, Sockets
from tests.promises.planted import Bug, planted
from tests.promises.promise import promise
from tests.promises.stand_ins import door_opens, generated, stand_ins

SEED = 45
OBJECT = "a" * 32
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY, FOREIGN = OKPKey.generate_key("Ed25519"), OKPKey.generate_key("Ed25519")
ROLES = [value.number for value in access_pb2.Role.DESCRIPTOR.values if value.number]
WORKLOADS = (
    "gateway",
    "membership",
    "resource",
    "federation",
    "notification",
    "events",
    "evaluation",
    "operator",
    "node",
    "",
    "x",
)


@dataclass(frozen=True)
class Who:
    """A caller: a workload, and for whom it speaks."""

    workload: str
    roles: frozenset[int] = frozenset()
    scope: str = ""
    # A convenor acts for the person.
    acting: bool = False
    # The object that the request names.
    asks_for: str = ""
    # How the pass is wrong: too old, or signed by somebody else.
    fault: str = ""


@cache
def token_of(who: Who) -> str:
    """Kept: most callers try every rpc with the same pass, and to sign one takes as long as to try."""
    if not who.roles and not who.scope:
        return ""
    operator = access_pb2.ROLE_OPERATOR in who.roles
    in_community = who.roles - {access_pb2.ROLE_OPERATOR}
    person = Person(
        "m" * 32,
        roles={"c" * 32: in_community},
        operator=operator,
        scope=who.scope,
        acting_id="v" * 32 if who.acting else "",
    )
    key = FOREIGN if who.fault == "foreign" else KEY
    return passes.sign(key, "k1", person, NOW - timedelta(minutes=2) if who.fault == "old" else NOW)


def everybody(path: str, other: str) -> Iterator[Who]:
    yield from (Who(workload) for workload in WORKLOADS)
    for workload in WORKLOADS:
        yield from (Who(workload, frozenset({role})) for role in ROLES)
    yield Who("gateway", frozenset(ROLES))
    for scope in (f"{path}|{OBJECT}", f"{other}|{OBJECT}", f"{path}x|{OBJECT}", f"|{path}", path, f"{path}|"):
        for asks_for in (OBJECT, "b" * 32, ""):
            yield Who("gateway", scope=scope, asks_for=asks_for)
            yield Who("gateway", frozenset(ROLES), scope=scope, asks_for=asks_for)
    for workload in ("", "notification", "operator"):
        yield Who(workload, frozenset(ROLES), scope=f"{path}|{OBJECT}", asks_for=OBJECT)
    for workload in WORKLOADS:
        yield from (Who(workload, frozenset({role}), acting=True) for role in ROLES)
    yield Who("gateway", frozenset(ROLES), scope=f"{path}|{OBJECT}", asks_for=OBJECT, acting=True)
    for fault in ("old", "foreign"):
        yield Who("gateway", frozenset(ROLES), fault=fault)


def should(rule: access_pb2.Access, path: str, who: Who) -> bool:
    """The design's words: each clause is a way in, only the gateway speaks for people, a link is good for one rpc and
    one object, and a convenor acts for a member only where the rpc allows it.
    """
    if who.fault or (who.acting and not rule.on_behalf):
        return False
    if who.scope:
        own = who.scope == f"{path}|{OBJECT}" and who.asks_for == OBJECT
        return rule.link and own and who.workload == "gateway"
    if who.workload in rule.services:
        return True
    return who.workload == "gateway" and (rule.anyone or bool(who.roles & set(rule.roles)))


@contextmanager
def serving(folder: Path) -> Iterator[grpc.Channel]:
    public = urlsafe_b64decode(str(KEY.as_dict()["x"]).encode())
    verifier = PassVerifier(lambda: {"k1": public}, lambda: NOW)
    server = Server("all", stand_ins(), Sockets(folder), verifier, workers=4)
    server.start()
    with grpc.insecure_channel(f"unix:{folder / 'all.sock'}") as channel:
        yield channel
    server.stop()


def let_in(channel: grpc.Channel, rpc: MethodDescriptor, who: Who) -> bool:
    asked: Any = GetMessageClass(rpc.input_type)()
    named = rpc.GetOptions().Extensions[access_pb2.access].link_object
    if named:
        setattr(asked, named, who.asks_for)
    token = token_of(who)
    return door_opens(channel, rpc, asked, [(WORKLOAD, who.workload), *([(PASS, token)] if token else [])])


@dataclass
class Matrix:
    rpcs: int = 0
    decisions: int = 0
    let_in: int = 0
    wrong: int = 0


def opened_by_a_link(rpc: MethodDescriptor) -> bool:
    return bool(rpc.GetOptions().Extensions[access_pb2.access].link)


def tried(folder: Path, every: int = 1) -> Matrix:
    """Every rpc (or those that links open and each `every`-th other) with everybody."""
    rpcs = sorted((rpc for _, service in generated() for rpc in service.methods), key=opened_by_a_link, reverse=True)
    linked = sum(map(opened_by_a_link, rpcs))
    matrix = Matrix(len(rpcs))
    with serving(folder) as channel:
        for number, rpc in enumerate([*rpcs[:linked], *rpcs[linked::every]]):
            path = f"/{rpc.containing_service.full_name}/{rpc.name}"
            rule = rpc.GetOptions().Extensions[access_pb2.access]
            other = f"/{rpcs[number - 1].containing_service.full_name}/{rpcs[number - 1].name}"
            for who in everybody(path, other):
                found = let_in(channel, rpc, who)
                matrix.decisions += 1
                matrix.let_in += found
                matrix.wrong += found != should(rule, path, who)
    return matrix


def anybody(*_: object) -> None:
    """A door that has no lock."""


def scope_forgotten(rule: access_pb2.Access, path: str, who: access.Caller) -> None:
    sound_check(rule, path, replace(who, person=replace(who.person, scope="")) if who.person else who)


def any_workload(rule: access_pb2.Access, path: str, who: access.Caller) -> None:
    sound_check(rule, path, replace(who, workload="gateway"))


def acting_everywhere(rule: access_pb2.Access, path: str, who: access.Caller) -> None:
    sound_check(rule, path, replace(who, person=replace(who.person, acting_id="")) if who.person else who)


sound_check = access.check
BUGS: dict[str, list[Bug]] = {
    "no lock": [(access, "check", anybody)],
    "scope forgotten": [(access, "check", scope_forgotten)],
    "any workload": [(access, "check", any_workload)],
    "object ignored": [(access, "check_object", anybody)],
    "acting everywhere": [(access, "check", acting_everywhere)],
}


def wrong_with(folder: Path, bugs: list[Bug]) -> int:
    with planted(*bugs):
        return tried(folder, every=5).wrong


def test_a_server_with_an_rpc_that_states_no_rule_does_not_start(tmp_path: Path) -> None:
    sound = access.rule_of

    def one_forgotten(method: MethodDescriptor) -> access_pb2.Access | None:
        return None if method.name == "WithdrawResource" else sound(method)

    with planted((access, "rule_of", one_forgotten)), pytest.raises(LookupError, match="WithdrawResource"):
        tried(tmp_path)


@pytest.mark.parametrize("named", ["", "wish", "no_such_field"])
def test_a_server_with_an_rpc_whose_links_name_no_object_does_not_start(named: str, tmp_path: Path) -> None:
    sound = access.rule_of

    def object_forgotten(method: MethodDescriptor) -> access_pb2.Access | None:
        rule = sound(method)
        if method.name != "BookPlace" or rule is None:
            return rule
        planted_rule = access_pb2.Access()
        planted_rule.CopyFrom(rule)
        planted_rule.link_object = named
        return planted_rule

    with planted((access, "rule_of", object_forgotten)), pytest.raises(LookupError, match=r"BookPlace.*link's object"):
        tried(tmp_path)


def test_every_rpc_lets_in_whom_it_names_and_nobody_else(tmp_path: Path) -> None:
    matrix = tried(tmp_path)
    caught = {name: wrong_with(tmp_path, bugs) for name, bugs in BUGS.items()}

    figures = f"rpcs={matrix.rpcs} decisions={matrix.decisions} let_in={matrix.let_in} wrong={matrix.wrong}"
    planted_figures = " ".join(f"planted[{name}]={count}" for name, count in caught.items())
    ok = matrix.wrong == 0 and 0 < matrix.let_in < matrix.decisions and all(caught.values())
    promise(45, "embedded", "only who may", ok, f"{figures} {planted_figures}", SEED)
