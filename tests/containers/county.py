"""A county as it is deployed: each service a process of its own, on Kafka and PostgreSQL, meeting on unix sockets."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

from fosse.common.v1.access_pb2 import Role
from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusRequest, GetHousekeepingStatusResponse
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.federation.v1 import federation_pb2 as federation
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from fosse.membership.v1 import membership_pb2 as pb
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common.channels import Channels, with_pass
from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.common.topics import SERVICES
from services.common.wires import Sockets
from services.node import calling
from services.node.demo.region import RunningNode
from services.node.demo.world import County as KnownCounty
from tests.databases import PostgresDatabases
from tests.machine import ROOT, environment
from tests.openid import OpenId
from tests.ports import a_free_port
from tests.running_nodes import a_running_node
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

EVERYBODY = (*SERVICES, "gateway")


@dataclass
class Process:
    """`python -m services.<x>` or `python -m gateway`, with its settings and its log."""

    name: str
    settings: Mapping[str, str]
    log: Path
    # Another version's tree.
    root: Path = ROOT
    running: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """To its end."""
        return subprocess.run(
            self._command(*arguments), env=self._environment(), cwd=self.root, capture_output=True, text=True
        )

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(self._command(), env=self._environment(), cwd=self.root, stderr=log)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status."""
        assert self.running
        self.running.send_signal(number)
        return self.running.wait(30)

    def _command(self, *arguments: str) -> list[str]:
        module = self.name if self.name == "gateway" else f"services.{self.name}"
        return [sys.executable, "-m", module, *arguments]

    def _environment(self) -> dict[str, str]:
        prefix = f"FOSSE_{self.name}_".upper()
        given = {prefix + name.upper(): value for name, value in self.settings.items()}
        return environment(PYTHONPATH=f"{self.root}:{self.root / 'protos'}", **given)


@dataclass
class County:
    processes: Mapping[str, Process]
    provider: OpenId
    address: str
    folder: Path
    operator: Channels
    gateway: Channels

    def start(self) -> None:
        """Every process, until it answers."""
        for process in self.processes.values():
            process.start()
        until(lambda: all(self.answers(name) for name in SERVICES), "the services answer", within_s=60)
        until(self.pages_answer, "the gateway answers")

    @property
    def resources(self) -> ResourcesStub:
        return self.gateway.stub(ResourcesStub, "resource", 5.0)

    def a_member(self, number: int, name: str, *roles: Role.ValueType) -> tuple[tuple[str, str], ...]:
        """Invited by the operator, bound to a sign-in; the metadata of a call with their pass."""
        operator, gateway = (each.stub(MembershipStub, "membership", 5.0) for each in (self.operator, self.gateway))
        email = f"{name.lower()}@homes.example"
        member = pb.Member(id=an_id(number), name=name, email=email, community_id=CARE_HOMES, roles=roles)
        operator.PutMember(pb.PutMemberRequest(member=member))
        code = operator.CreateInvitation(pb.CreateInvitationRequest(id=an_id(number), member_id=member.id)).code
        token = self.provider.token(name, datetime.now(UTC))
        gateway.AcceptInvitation(pb.AcceptInvitationRequest(code=code, access_token=token))
        return self.a_pass(name)

    def a_pass(self, name: str) -> tuple[tuple[str, str], ...]:
        """Of a member, for a minute; the metadata of a call with it."""
        asked = pb.IssuePassRequest(access_token=self.provider.token(name, datetime.now(UTC)))
        issued = self.gateway.stub(MembershipStub, "membership", 5.0).IssuePass(asked)
        return with_pass(str(getattr(issued, "pass")))

    def search(self, words: str) -> list[dict[str, Any]]:
        return search(self.address, words)

    def ask_to_join(self, hub: RunningNode) -> None:
        """Both operators compare the words, then the hub's lets the county in."""
        county = self.operator.stub(FederationStub, "federation", 20.0)
        with calling.running(hub.folder.path) as node:
            code = node.federation.CreateEnrolmentCode(federation.CreateEnrolmentCodeRequest(id=an_id(900))).code
            request = federation.RequestEnrolmentRequest(hub_address=hub.address, code=code)
            words = county.RequestEnrolment(request).fingerprint_words
            until(lambda: _asked(node, words), "the hub shows the same words")
            asked = _asked(node, words)
            approve = federation.ApproveNewcomerRequest(enrolment_id=asked[0], fingerprint_words=words)
            node.federation.ApproveNewcomer(approve)

    def housekeeping(self, service: str) -> GetHousekeepingStatusResponse:
        return self.operator.stub(HousekeepingStub, service, 5.0).GetHousekeepingStatus(GetHousekeepingStatusRequest())

    def answers(self, service: str) -> bool:
        try:
            self.housekeeping(service)
        except (Away, Refusal):
            return False
        return True

    def pages_answer(self) -> bool:
        try:
            return requests.get(f"{self.address}/health", timeout=5).ok
        except requests.ConnectionError:
            return False

    def mails(self) -> list[str]:
        return [path.read_text(encoding="utf-8") for path in (self.folder / "notification").rglob("*.eml")]

    def logs(self) -> str:
        return "".join(each.log.read_text(encoding="utf-8") for each in self.processes.values())


def _asked(hub: calling.Node, words: str) -> list[str]:
    """Enrolments of newcomers who show these words."""
    newcomers = hub.federation.GetFederationStatus(federation.GetFederationStatusRequest()).newcomers
    return [each.enrolment_id for each in newcomers if each.fingerprint_words == words]


def search(address: str, words: str) -> list[dict[str, Any]]:
    """What anybody finds through a gateway's API, without signing in."""
    answer = requests.get(f"{address}/api/v1/resources", params={"query": words}, timeout=5)
    answer.raise_for_status()
    return list(answer.json().get("hits", ()))


@contextmanager
def a_hub(folder: Path) -> Iterator[RunningNode]:
    """An embedded node, as the region may still run it while a county is deployed."""
    with a_running_node(folder, KnownCounty("hub", "The hub", "Care homes", "#homes", ())) as node:
        yield node


@contextmanager
def a_county(folder: Path, databases: PostgresDatabases, kafka: str, traces: str = "") -> Iterator[County]:
    """Databases migrated, every process answering; what still runs at the end is killed. `traces`: where spans go."""
    run = folder / "run"
    run.mkdir(mode=0o700)
    listen = f"127.0.0.1:{a_free_port()}"
    with OpenId() as provider, ExitStack() as stack:
        operator, gateway = (Channels(Sockets(run), name) for name in ("operator", "gateway"))
        processes = {}
        for name in EVERYBODY:
            (folder / name).mkdir()
            usual = {"database": databases.empty_url(), "run_dir": str(run), "traces": traces}
            settings = {**usual, **_own(name, folder, listen, provider)}
            if name in SERVICES:
                settings |= {"kafka": kafka, "data_dir": str(folder / name)}
            processes[name] = Process(name, settings, folder / f"{name}.log")
        county = County(processes, provider, f"http://{listen}", folder, operator, gateway)
        stack.callback(operator.close)
        stack.callback(gateway.close)
        stack.callback(_end, county)
        _begin(county)
        yield county


def _own(name: str, folder: Path, listen: str, provider: OpenId) -> dict[str, str]:
    if name == "membership":
        return {"issuer": provider.issuer}
    if name == "federation":
        return {"slug": "notts", "name": "Nottinghamshire"}
    if name == "gateway":
        key = str(folder / "gateway" / "key")
        public = f"http://{listen}"
        return {"listen": listen, "public_url": public, "issuer": provider.issuer, "secret_key_file": key}
    return {}


def _begin(county: County) -> None:
    with ThreadPoolExecutor() as pool:
        migrated = list(pool.map(lambda process: process.run("--migrate"), county.processes.values()))
    assert [done.stderr for done in migrated if done.returncode] == []
    county.start()
    operator = county.operator.stub(MembershipStub, "membership", 5.0)
    operator.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes", hashtag="#homes"))


def _end(county: County) -> None:
    for process in county.processes.values():
        if process.running and process.running.poll() is None:
            process.stop(signal.SIGKILL)
