"""Between containers a caller is who its certificate says, and nobody else gets as far as a handler."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest
from cryptography import x509

from fosse.notification.v1 import notification_pb2 as pb
from fosse.notification.v1 import notification_pb2_grpc as pb_grpc
from services.common import access
from services.common.channels import Channels
from services.common.errors import Invalid, NotAllowed
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.rpc_errors import Away
from services.common.wires import AUTHORITY, IDENTITY, MutualTls
from services.node.setup import authority
from tests.ports import a_free_port

NOW = datetime.now(UTC)
# In the last third of their life: the certificates that each test begins with.
BEGAN = NOW - timedelta(days=61)
WORKLOADS = ("notification", "operator", "resource")


class Answering(pb_grpc.NotificationServicer):
    """Answers with the workload that called."""

    def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:
        return pb.ListDeliveriesResponse(next_page_token=access.workload(context))

    def GetMail(self, request: Any, context: Any) -> Any: ...

    def ListRecipients(self, request: Any, context: Any) -> Any: ...

    def ResendDelivery(self, request: Any, context: Any) -> Any: ...


class Net:
    """One service behind mutual TLS on this machine, and whoever calls it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._port = a_free_port()
        self.authority = authority.opened(folder / "authority", "notts", BEGAN)
        for each in WORKLOADS:
            self.issue(each, BEGAN)
        add = partial(pb_grpc.add_NotificationServicer_to_server, Answering())
        verifier = PassVerifier(dict, lambda: NOW)
        self.server = Server("notification", [add], self.wires("notification"), verifier, workers=2)
        self.server.start()

    def issue(self, workload: str, now: datetime) -> bool:
        return self.authority.issue(workload, self.folder / workload, now)

    def wires(self, workload: str) -> MutualTls:
        return MutualTls(
            self.folder / workload, lambda _: f"127.0.0.1:{self._port}", host="127.0.0.1", look_again_s=0.0
        )

    def channels(self, workload: str, says: str = "") -> Channels:
        return Channels(self.wires(workload), says or workload)

    def ask(self, channels: Channels, service: str = "notification") -> str:
        stub = channels.stub(pb_grpc.NotificationStub, service)
        return stub.ListDeliveries(pb.ListDeliveriesRequest()).next_page_token

    def credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials((self.folder / "operator" / AUTHORITY).read_bytes())

    def ask_without_certificate(self, credentials: grpc.ChannelCredentials | None) -> grpc.StatusCode:
        address, options = f"127.0.0.1:{self._port}", (("grpc.ssl_target_name_override", "notification"),)
        made = grpc.secure_channel(address, credentials, options) if credentials else grpc.insecure_channel(address)
        with made as channel, pytest.raises(grpc.RpcError) as refused:
            pb_grpc.NotificationStub(channel).ListDeliveries(pb.ListDeliveriesRequest(), timeout=3)
        assert isinstance(refused.value, grpc.Call)
        return refused.value.code()


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    (tmp_path / "authority").mkdir()
    for each in WORKLOADS:
        (tmp_path / each).mkdir()
    made = Net(tmp_path)
    yield made
    made.server.stop()


def test_a_caller_is_who_its_certificate_says_whatever_it_says_itself(net: Net) -> None:
    assert net.ask(net.channels("operator")) == "operator"
    assert net.ask(net.channels("operator", says="gateway")) == "operator"
    with pytest.raises(NotAllowed):
        net.ask(net.channels("resource", says="operator"))


def test_who_has_no_certificate_of_this_node_is_not_let_in(net: Net, tmp_path: Path) -> None:
    assert net.ask_without_certificate(None) is grpc.StatusCode.UNAVAILABLE
    assert net.ask_without_certificate(net.credentials()) is grpc.StatusCode.UNAVAILABLE

    (tmp_path / "other").mkdir()
    stranger = authority.opened(tmp_path / "other", "derbys", NOW)
    stranger.issue("operator", tmp_path / "resource", NOW)
    # The stranger knows whom to trust, but is not trusted.
    (tmp_path / "resource" / AUTHORITY).write_bytes((tmp_path / "operator" / AUTHORITY).read_bytes())
    with pytest.raises(Away):
        net.ask(net.channels("resource", says="operator"))


def test_a_service_with_another_ones_certificate_is_not_talked_to(net: Net) -> None:
    """Whoever answers for `membership` must hold its certificate."""
    with pytest.raises(Away):
        net.ask(net.channels("operator"), "membership")


def test_a_renewed_certificate_is_used_without_a_restart(net: Net) -> None:
    calling = net.channels("operator")
    assert net.ask(calling) == "operator"
    before = calling.wires.generation()

    assert net.issue("operator", NOW) and net.issue("notification", NOW)

    assert net.ask(calling) == "operator" and calling.wires.generation() == before + 1
    assert net.ask(net.channels("operator")) == "operator"


def test_a_certificate_is_made_anew_in_the_last_third_of_its_life_only(net: Net) -> None:
    assert not net.issue("operator", BEGAN + timedelta(days=59))
    assert net.issue("operator", NOW)
    made = x509.load_pem_x509_certificate((net.folder / "operator" / IDENTITY).read_bytes())
    assert made.not_valid_before_utc < NOW - timedelta(days=1), "another machine's clock may be behind"


def test_an_authority_that_was_lost_makes_all_certificates_anew(net: Net) -> None:
    for each in (net.folder / "authority").iterdir():
        each.unlink()
    again = authority.opened(net.folder / "authority", "notts", NOW)

    assert all(again.issue(each, net.folder / each, NOW) for each in WORKLOADS)
    assert not any(again.issue(each, net.folder / each, NOW) for each in WORKLOADS)


def test_secrets_are_private_and_of_one_node(net: Net) -> None:
    files = [path for path in net.folder.rglob("*.*") if path.is_file()]
    assert files and {path.stat().st_mode & 0o777 for path in files} == {0o600}
    with pytest.raises(Invalid, match="belong to another node"):
        authority.opened(net.folder / "authority", "derbys", NOW)


def test_services_call_each_other_by_their_nodes_name(tmp_path: Path) -> None:
    """On a network that two nodes share, `membership` alone would be either's."""
    for each in ("authority", "events"):
        (tmp_path / each).mkdir()
    authority.opened(tmp_path / "authority", "derbys", BEGAN).issue("events", tmp_path / "events", BEGAN)

    assert MutualTls(tmp_path / "events").address("membership") == "membership.derbys:7443"
