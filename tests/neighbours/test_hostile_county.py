"""A caller at the hub's door that means harm, with its own software: outside the region, or within it."""

import hashlib
import resource
import threading
from collections.abc import Callable, Iterator

import grpc
import pytest

from fosse.federation.v1 import door_pb2 as door
from fosse.federation.v1 import door_pb2_grpc, entry_pb2
from services.common.clock import utc_now
from services.federation import authority
from services.federation.store import standing
from services.federation.usecases import standing as joining
from tests.neighbours.inside import relayed_files, this_node
from tests.neighbours.region import Neighbour, Region
from tests.waiting import until


@pytest.fixture
def rogue(region: Region) -> Neighbour:
    """An enrolled county, with whose keys the test speaks too."""
    return region.county("derbys", "Derbyshire")


def door_of(region: Region, county: Neighbour, certificate: bytes = b"") -> tuple[grpc.Channel, door_pb2_grpc.DoorStub]:
    with county.db.read() as conn:
        known = standing.get(conn)
    assert known
    credentials = grpc.ssl_channel_credentials(
        authority.pem_of(known.authority),
        this_node(county).keys.tls_pem,
        authority.pem_of(certificate or known.certificate),
    )
    channel = grpc.secure_channel(region.hub.settings.door_listen, credentials)
    return channel, door_pb2_grpc.DoorStub(channel)


def test_a_county_that_calls_two_thousand_times_at_once_holds_up_nobody_else(region: Region, rogue: Neighbour) -> None:
    notts, leics = region.county("notts", "Nottinghamshire"), region.county("leics", "Leicestershire")
    channel, stub = door_of(region, rogue)
    waiting = door.FetchRequest(registry_version=2**62, wait_s=30, limit=1)

    with channel:
        calls = [stub.Fetch.future(waiting, timeout=60) for _ in range(2_100)]
        until(lambda: sum(call.done() for call in calls) > 2_000, "the many are refused")
        leaflet = notts.shelf.share("Read it all the same")
        until(lambda: leaflet in leics.shelf.taken, "Leicestershire holds it")

    # What was sent before the door had said how many streams it takes, HTTP/2 refuses by itself (REFUSED_STREAM, 7).
    ended = (call for call in calls if call.done() and "error code 7" not in (call.details() or ""))
    assert {call.code() for call in ended} <= {
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.OK,
        grpc.StatusCode.CANCELLED,
    }


def test_a_waiting_call_of_a_county_that_is_suspended_ends_at_once(region: Region, rogue: Neighbour) -> None:
    channel, stub = door_of(region, rogue)
    hub = this_node(region.hub)
    with channel:
        call = stub.Fetch.future(door.FetchRequest(registry_version=2**62, wait_s=30), timeout=60)

        with region.hub.db.write() as conn:
            joining.change_registry(conn, hub.signer, _suspend("derbys"), utc_now())

        until(call.done, "the waiting call has ended")
        assert call.code() is grpc.StatusCode.PERMISSION_DENIED


@pytest.mark.parametrize("request_bytes", [b"\x0a\x00", b"\x12\x00"])
def test_a_message_of_millions_of_empty_parts_takes_little_memory(
    region: Region, rogue: Neighbour, request_bytes: bytes
) -> None:
    channel, _ = door_of(region, rogue)
    with channel:
        publish: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary("/fosse.federation.v1.Door/Publish")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        with pytest.raises(grpc.RpcError):
            publish(request_bytes * 2_500_000, timeout=30)

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 50 * 1024


def test_nobody_without_a_certificate_of_the_hub_is_answered(region: Region, rogue: Neighbour) -> None:
    elsewhere = authority.load_or_create(rogue.folder / "elsewhere", utc_now())
    node = this_node(rogue)
    own_make = elsewhere.sign_request(node.keys.certificate_request(), node.id, utc_now())
    hub_certificate = this_node(region.hub).authority
    assert hub_certificate
    nobody = grpc.secure_channel(region.hub.settings.door_listen, grpc.ssl_channel_credentials(hub_certificate.pem))
    plain = grpc.insecure_channel(region.hub.settings.door_listen)
    self_made, _ = door_of(region, rogue, own_make)

    for channel in (nobody, plain, self_made):
        with channel, pytest.raises(grpc.RpcError) as refused:
            door_pb2_grpc.DoorStub(channel).Heads(door.HeadsRequest(protocol=1), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


def test_nobody_can_hold_up_or_spoil_a_file_that_another_sends(region: Region, rogue: Neighbour) -> None:
    content = b"the same file at both counties" * 1000
    sha256 = hashlib.sha256(content).hexdigest()
    notts = region.county("notts", "Nottinghamshire")
    rogue.shelf.share("Ours", file=content)
    until(lambda: relayed_files(region.hub) == [sha256], "the hub holds it")
    this_node(region.hub).relay.drop(sha256)
    channel, stub = door_of(region, rogue)
    ended = threading.Event()
    with channel:
        held_open = stub.PutFile.future(_held_open(sha256, len(content), ended), timeout=60)
        parts = region.hub.folder / "relay" / "parts"
        until(lambda: any(parts.iterdir()), "the hub receives a false part")
        notts.shelf.share("Theirs", file=content)

        until(lambda: relayed_files(region.hub) == [sha256], "the hub holds it again")
        assert not held_open.done()
        ended.set()


def _suspend(slug: str) -> Callable[[list[entry_pb2.RegisteredNode]], None]:
    def change(nodes: list[entry_pb2.RegisteredNode]) -> None:
        for node in nodes:
            if node.slug == slug:
                node.status = entry_pb2.NODE_STATUS_SUSPENDED

    return change


def _held_open(sha256: str, size: int, ended: threading.Event) -> Iterator[door.PutFileRequest]:
    yield door.PutFileRequest(sha256=sha256, size=size, chunk=b"false" * 2000)
    ended.wait(60)
