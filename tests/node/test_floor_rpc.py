"""Calls between services: who may, with a deadline, and refusals that arrive as they were raised."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health, health_pb2_grpc
from joserfc.jwk import OKPKey
from joserfc.util import urlsafe_b64decode

from fosse.common.v1 import access_pb2
from fosse.notification.v1 import notification_pb2 as pb
from fosse.notification.v1 import notification_pb2_grpc
from services.common import access, passes
from services.common.access import Person
from services.common.channels import Channels, with_pass
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal, TooMany
from services.common.passes import PassVerifier
from services.common.rpc import Server
from services.common.rpc_errors import Away
from services.common.wires import Sockets

NOW = datetime(2026, 8, 31, 14, 0, tzinfo=UTC)
KEY = OKPKey.generate_key("Ed25519")
MEMBER = Person("m" * 32, roles={"c" * 32: frozenset({access_pb2.ROLE_MEMBER})})


class Answering(notification_pb2_grpc.NotificationServicer):
    """Raises what it is told, else says who is calling."""

    def __init__(self) -> None:
        self.raises: Exception | None = None

    def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Any) -> pb.ListDeliveriesResponse:
        if self.raises:
            raise self.raises
        who = access.maybe_person(context)
        return pb.ListDeliveriesResponse(next_page_token=who.member_id if who else access.workload(context))

    def GetMail(self, request: pb.GetMailRequest, context: Any) -> pb.GetMailResponse:
        return pb.GetMailResponse(to=access.person(context).member_id)

    def ListRecipients(self, request: pb.ListRecipientsRequest, context: Any) -> pb.ListRecipientsResponse:
        return pb.ListRecipientsResponse()

    def ResendDelivery(self, request: pb.ResendDeliveryRequest, context: Any) -> pb.ResendDeliveryResponse:
        return pb.ResendDeliveryResponse()


@pytest.fixture
def answering() -> Answering:
    return Answering()


@pytest.fixture
def run_dir(tmp_path: Path, answering: Answering) -> Iterator[Path]:
    verifier = PassVerifier(lambda: {"k1": urlsafe_b64decode(str(KEY.as_dict()["x"]).encode())}, lambda: NOW)
    folder = tmp_path / "run"

    def add(server: grpc.Server) -> None:
        notification_pb2_grpc.add_NotificationServicer_to_server(answering, server)

    server = Server("notification", [add], Sockets(folder), verifier, workers=2)
    server.start()
    yield folder
    server.stop()


def stub(run_dir: Path, workload: str = "gateway") -> notification_pb2_grpc.NotificationStub:
    return Channels(Sockets(run_dir), workload).stub(notification_pb2_grpc.NotificationStub, "notification")


def a_pass(person: Person = MEMBER, now: datetime = NOW) -> tuple[tuple[str, str], ...]:
    return with_pass(passes.sign(KEY, "k1", person, now))


def test_a_member_with_a_pass_is_known_to_the_service(run_dir: Path) -> None:
    answer = stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass())

    assert answer.next_page_token == MEMBER.member_id


def test_who_is_not_signed_in_is_asked_to_sign_in(run_dir: Path) -> None:
    with pytest.raises(NotAllowed, match="sign in"):
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest())


def test_a_role_that_the_rpc_does_not_name_is_refused(run_dir: Path) -> None:
    evaluator = Person("e" * 32, roles={"c" * 32: frozenset({access_pb2.ROLE_EVALUATOR})})

    with pytest.raises(NotAllowed, match="role"):
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass(evaluator))


def test_a_workload_comes_in_only_where_the_rpc_names_it(run_dir: Path) -> None:
    operator = stub(run_dir, "operator")

    assert operator.ListDeliveries(pb.ListDeliveriesRequest()).next_page_token == "operator"
    with pytest.raises(NotAllowed):
        operator.GetMail(pb.GetMailRequest())
    with pytest.raises(NotAllowed):
        stub(run_dir, "resource").ListDeliveries(pb.ListDeliveriesRequest())


@pytest.mark.parametrize("shift", [timedelta(seconds=61), timedelta(seconds=-30), timedelta(days=1)])
def test_a_pass_is_good_for_a_minute_and_not_before_it_was_made(run_dir: Path, shift: timedelta) -> None:
    with pytest.raises(NotAllowed, match="sign in again"):
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass(now=NOW - shift))


def test_a_pass_from_a_link_opens_only_what_the_link_is_for(run_dir: Path) -> None:
    linked = Person("m" * 32, roles=MEMBER.roles, scope="/fosse.events.v1.Meetings/Book|x")

    with pytest.raises(NotAllowed, match="link"):
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass(linked))


@pytest.mark.parametrize("kind", [NotFound, Invalid, NotAllowed, Conflict, TooMany])
def test_a_refusal_arrives_as_it_was_raised(run_dir: Path, answering: Answering, kind: type[Refusal]) -> None:
    answering.raises = kind("The room is full.", {"place": "none left"})

    with pytest.raises(kind) as caught:
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass())

    assert caught.value.sentence == "The room is full."
    assert dict(caught.value.fields) == {"place": "none left"}


def test_the_pause_before_trying_again_arrives_too(run_dir: Path, answering: Answering) -> None:
    answering.raises = TooMany("Busy.", retry_after_s=17)

    with pytest.raises(TooMany) as caught:
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass())

    assert caught.value.retry_after_s == 17


def test_a_fault_of_ours_is_answered_without_details(run_dir: Path, answering: Answering) -> None:
    answering.raises = RuntimeError("password=hunter2")

    with pytest.raises(grpc.RpcError) as caught:
        stub(run_dir).ListDeliveries(pb.ListDeliveriesRequest(), metadata=a_pass())

    assert "hunter2" not in str(caught.value)


def test_a_call_without_a_deadline_is_refused(run_dir: Path) -> None:
    with grpc.insecure_channel(f"unix:{run_dir / 'notification.sock'}") as channel:
        bare = notification_pb2_grpc.NotificationStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            bare.ListDeliveries(pb.ListDeliveriesRequest(), metadata=(("fosse-workload", "gateway"), *a_pass()))

    assert "deadline" in str(caught.value)


def test_a_service_that_is_down_is_away_rather_than_refusing(tmp_path: Path) -> None:
    with pytest.raises(Away):
        stub(tmp_path).ListDeliveries(pb.ListDeliveriesRequest())


def test_the_folder_of_sockets_is_closed_to_others(run_dir: Path) -> None:
    assert run_dir.stat().st_mode & 0o077 == 0


def test_a_server_with_an_rpc_that_says_nowhere_who_may_call_does_not_start() -> None:
    def add(server: grpc.Server) -> None:
        health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)

    with pytest.raises(LookupError, match="who may call"):
        Server("notification", [add], Sockets(Path("nowhere")), PassVerifier(dict, lambda: NOW))
