"""Promise 36: while somebody inside opens calls and takes them back by the thousand, all others are served in time."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import grpc
import pytest

from fosse.federation.v1.door_pb2 import MissingFilesRequest
from fosse.federation.v1.door_pb2_grpc import DoorStub
from fosse.membership.v1.membership_pb2 import PassKeysRequest
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common.channels import Channels
from services.common.errors import TooMany
from services.common.rpc_errors import Away
from services.common.wires import AUTHORITY, IDENTITY
from tests.machine import environment
from tests.promises.apart import COUNTIES, FEW_PLACES, door_apart, services_apart
from tests.promises.promise import promise

SEED = 36
RESETS = 8_000
LONGEST_MS = 300.0
LEAST_CALLS = 50
# Under which a server with a bug may keep an honest caller waiting.
PATIENCE_S = 8.0
COMMUNITIES = "/fosse.membership.v1.Membership/ListCommunities"
MISSING = "/fosse.federation.v1.Door/MissingFiles"
Call = Callable[[], object]


@dataclass
class Served:
    """Calls of an honest caller, one after the other."""

    calls: int = 0
    refused: int = 0
    p95_ms: float = 0.0

    @property
    def well(self) -> bool:
        return not self.refused and self.p95_ms < LONGEST_MS

    def __str__(self) -> str:
        return f"calls={self.calls} refused={self.refused} p95_ms={self.p95_ms:.0f}"


def served(call: Call, still: Callable[[], bool] = bool) -> Served:
    """At least fifty, and as long as `still` says so."""
    took, found, end = list[float](), Served(), time.monotonic() + PATIENCE_S
    while (len(took) < LEAST_CALLS or still()) and time.monotonic() < end:
        began = time.monotonic()
        try:
            call()
        except (TooMany, Away, grpc.RpcError):
            found.refused += 1
        took.append(1000 * (time.monotonic() - began))
    found.calls, found.p95_ms = len(took), sorted(took)[int(len(took) * 0.95)]
    return found


def under_attack(address: str, name: str, files: Path, path: str, call: Call, resets: int) -> tuple[Served, str]:
    """What an honest caller finds meanwhile, and how many resets there were over how many connections."""
    command = (sys.executable, "-m", "tests.promises.resetting", address, name, files / AUTHORITY, files / IDENTITY)
    with subprocess.Popen([*command, path, str(resets)], env=environment(), stdout=subprocess.PIPE) as attack:
        assert attack.stdout and attack.stdout.readline() == b"begun\n"
        found = served(call, lambda: attack.poll() is None)
        attack.kill()
        return found, attack.stdout.read().decode().strip()


def attacked_service(folder: Path, resets: int, bug: str = "") -> tuple[Served, Served, str]:
    with services_apart(folder, bug) as (node, _):
        calling = Channels(node.wires("gateway"), "gateway")
        stub = calling.stub(MembershipStub, "membership", 5.0)
        call = partial(stub.PassKeys, PassKeysRequest())
        call()
        address, attacker = node.address("membership"), folder / "operator"
        during, sent = under_attack(address, "membership", attacker, COMMUNITIES, call, resets)
        after = served(call)
        calling.close()
    return during, after, sent


def attacked_door(folder: Path, resets: int, bug: str = "") -> tuple[Served, Served, str]:
    attacker, honest = (folder / county for county in COUNTIES)
    with door_apart(folder, bug) as address:
        identity = (honest / IDENTITY).read_bytes()
        shown = grpc.ssl_channel_credentials((honest / AUTHORITY).read_bytes(), identity, identity)
        with grpc.secure_channel(address, shown) as channel:
            call = partial(DoorStub(channel).MissingFiles, MissingFilesRequest(), timeout=5)
            call()
            during, sent = under_attack(address, "localhost", attacker, MISSING, call, resets)
            return during, served(call), sent


ATTACKED = {"embedded": ("a service", attacked_service), "region": ("the door", attacked_door)}


@pytest.mark.parametrize("variant", ATTACKED)
def test_honest_calls_are_served_while_thousands_are_reset(variant: str, tmp_path: Path) -> None:
    what, attacked = ATTACKED[variant]
    during, after, sent = attacked(tmp_path / "node", RESETS)

    figures = f"resets={RESETS} during: {during} after: {after}"
    ok = sent.startswith(f"{RESETS} ") and during.well and after.well
    promise(36, variant, f"rapid resets at {what}", ok, figures, SEED)


@pytest.mark.parametrize("variant", ATTACKED)
def test_a_server_whose_places_one_caller_can_take_is_caught(variant: str, tmp_path: Path) -> None:
    what, attacked = ATTACKED[variant]
    during, after, _ = attacked(tmp_path / "node", 3 * RESETS, FEW_PLACES)

    figures = f"planted[few places]={int(not during.well)} during: {during} after: {after}"
    promise(36, variant, f"rapid resets at {what} planted", not during.well, figures, SEED)
