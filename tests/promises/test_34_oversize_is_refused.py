"""Promise 34: what is too large is refused with a sentence by every service, door and page; none grows by it."""

from pathlib import Path
from typing import Any

import grpc
import pytest

import gateway.app
from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.common.v1.housekeeping_pb2 import GetHousekeepingStatusRequest
from fosse.common.v1.housekeeping_pb2_grpc import HousekeepingStub
from fosse.federation.v1 import door_pb2
from fosse.federation.v1.door_pb2_grpc import DoorStub
from fosse.membership.v1.membership_pb2 import PutCommunityRequest
from fosse.membership.v1.membership_pb2_grpc import MembershipStub
from services.common import rpc
from services.common.channels import Channels
from services.common.errors import Invalid
from services.common.statuses import refusal_of
from services.common.topics import SERVICES
from services.common.wires import IDENTITY
from services.federation.door import server as door
from tests.browsing import Browser
from tests.databases import SqliteDatabases
from tests.doors import OpenDoor, a_door
from tests.gateway_processes import OURS, a_process
from tests.gateways import Web, a_gateway
from tests.promises.apart import NO_LIMIT, services_apart
from tests.promises.memory import growth
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.tls_services import TlsNode

SEED = 34
MIB = 1024 * 1024
MOST_GROWTH_MIB = 32
STATUS = "/fosse.common.v1.Housekeeping/GetHousekeepingStatus"
PUBLISH = "/fosse.federation.v1.Door/Publish"
LARGE = 32 * MIB
ZEROES = bytes(LARGE)
# What is sent, and how: just over the limit, far over it, packed into little, and beside the message.
WAYS: dict[str, tuple[int, dict[str, Any]]] = {
    "over": (rpc.MESSAGE_BYTES + 1, {}),
    "far over": (LARGE, {}),
    "packed": (LARGE, {"compression": grpc.Compression.Gzip}),
    "beside": (0, {"metadata": (("words", "x" * 20_000),)}),
}


def operator(node: TlsNode) -> grpc.ChannelCredentials:
    identity = (node.folder / "operator" / IDENTITY).read_bytes()
    return grpc.ssl_channel_credentials(node.trusted, identity, identity)


def refused(channel: grpc.Channel, path: str, size: int, **how: Any) -> bool:
    """Whether a message of this size is refused with a sentence that says what to do."""
    send: Any = channel.unary_unary(path)
    try:
        send(ZEROES[:size], timeout=30, **how)
    except grpc.RpcError as error:
        said = refusal_of(error)
        return isinstance(said, Invalid) and "please make it smaller" in said.sentence
    return False


def taken(node: TlsNode) -> list[str]:
    """What was not refused, of each way at each service."""
    found = []
    for service in SERVICES:
        with node.connect(service, operator(node)) as channel:
            for name, (size, how) in WAYS.items():
                if not refused(channel, STATUS, size, **how):
                    found.append(f"{name}:{service}")
    return found


def answering(node: TlsNode) -> int:
    """How many services do."""
    calling = Channels(node.wires("operator"), "operator")
    for service in SERVICES:
        calling.stub(HousekeepingStub, service, 5.0).GetHousekeepingStatus(GetHousekeepingStatusRequest())
    # A caller of ours is told before anything is sent.
    with pytest.raises(Invalid, match="please make it smaller"):
        calling.stub(MembershipStub, "membership").PutCommunity(PutCommunityRequest(name="x" * rpc.MESSAGE_BYTES))
    calling.close()
    return len(SERVICES)


def test_every_service_refuses_what_is_too_large_and_stays_as_it_is(tmp_path: Path) -> None:
    with services_apart(tmp_path / "node") as (node, pid):
        # gRPC keeps a few megabytes for each connection that it has ever filled; those are no growth.
        found = taken(node)
        with growth(pid) as grown:
            found += taken(node)
        up = answering(node)

    sent = 2 * len(SERVICES) * len(WAYS)
    figures = f"sent={sent} up_to_mib={LARGE // MIB} taken={len(found)} up={up} growth_mib={grown.mib}"
    ok = not found and up == len(SERVICES) and grown.mib < MOST_GROWTH_MIB
    promise(34, "embedded", "oversize rpcs refused", ok, " ".join([figures, *found]), SEED)


def test_services_without_a_limit_are_caught(tmp_path: Path) -> None:
    with services_apart(tmp_path / "node", NO_LIMIT) as (node, pid), growth(pid) as grown:
        found = taken(node)

    ok = bool(found) and grown.mib > MOST_GROWTH_MIB
    promise(34, "embedded", "oversize rpcs planted", ok, f"planted[no limit]={len(found)} growth_mib={grown.mib}", SEED)


def taken_at(opened: OpenDoor) -> list[int]:
    with opened.connect() as channel:
        found = [size for size in (5 * MIB + 1, LARGE) if not refused(channel, PUBLISH, size)]
        assert DoorStub(channel).Publish(door_pb2.PublishRequest(), timeout=10) is not None
    return found


def test_the_door_for_other_nodes_refuses_it_too(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_door(tmp_path / "sound", sqlite_databases) as opened:
        found = taken_at(opened)
    unlimited = (("grpc.max_receive_message_length", -1),)
    with planted((door, "_OPTIONS", unlimited)), a_door(tmp_path / "planted", sqlite_databases) as opened:
        caught = taken_at(opened)

    figures = f"sent=2 taken={len(found)} planted[no limit]={len(caught)}"
    promise(34, "region", "oversize refused at the door", not found and bool(caught), figures, SEED)


PAGES = (
    ("/signin", "application/x-www-form-urlencoded"),
    ("/resources/new", "application/x-www-form-urlencoded"),
    ("/members/import", "multipart/form-data; boundary=x"),
    ("/api/v1/resources", "application/json"),
    (f"/api/v1/resources/{'f' * 32}/files", "multipart/form-data; boundary=x"),
)
LENGTH_REQUIRED, TOO_LARGE = 411, 413


def answers(browser: Browser, size: int) -> list[int]:
    """To bodies that say how long they are, and to those that only end."""
    found = []
    for path, kind in PAGES:
        for body in (ZEROES[:size], iter([ZEROES[:MIB]] * (size // MIB))):
            found.append(browser.post(path, body, headers={"Content-Type": kind, "Connection": "close"}).status_code)
    return found


def signed_in(web: Web, browser: Browser) -> Browser:
    """A convenor, who may add files, at the address of another process of the same gateway."""
    cath = web.signed_in(1, "Cath Convenor", ROLE_CONVENOR)
    browser.http.headers["X-CSRF-Token"] = cath.form_token("/about")
    browser.http.cookies.update(cath.http.cookies)
    return browser


def test_the_pages_refuse_it_too(tmp_path: Path, sqlite_databases: SqliteDatabases) -> None:
    with a_gateway(tmp_path / "g", sqlite_databases) as web, a_process(web.settings, *OURS) as (pid, browser):
        cath = signed_in(web, browser)
        answers(cath, LARGE)
        with growth(pid) as grown:
            found = answers(cath, LARGE)
        up = cath.get("/about").status_code
    with planted((gateway.app, "_FORM_BYTES", 2**40)), a_gateway(tmp_path / "p", sqlite_databases) as web:
        caught = [each for each in answers(signed_in(web, web.fresh()), 4 * MIB) if each != TOO_LARGE]

    refused = found.count(TOO_LARGE) + found.count(LENGTH_REQUIRED)
    figures = f"sent={len(found)} refused={refused} growth_mib={grown.mib} planted[no limit]={len(caught)}"
    ok = refused == len(found) and up == 200 and grown.mib < MOST_GROWTH_MIB and bool(caught)
    promise(34, "embedded", "oversize bodies refused", ok, figures, SEED)
