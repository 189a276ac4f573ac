"""Promise 21: once a node is suspended, expelled or unknown to the registry, its certificate opens nothing any more."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from sqlalchemy import Connection

from fosse.federation.v1 import door_pb2 as pb
from fosse.federation.v1 import door_pb2_grpc, entry_pb2
from services.common.clock import utc_now
from services.federation import authority
from services.federation.domain.registry import KnownNode
from services.federation.store import registries, standing
from services.federation.store.registries import HeldRegistry
from services.federation.usecases import serving
from services.federation.usecases.standing import change_registry
from tests.databases import SqliteDatabases
from tests.machine import FULL
from tests.neighbours.inside import this_node
from tests.neighbours.region import Neighbour, Region, a_region
from tests.promises.planted import planted
from tests.promises.promise import promise
from tests.waiting import until

SEED = 21
ROUNDS = 50 if FULL else 5
SHA = "ab" * 32
Nodes = list[entry_pb2.RegisteredNode]


def tried_and_accepted(door: door_pb2_grpc.DoorStub) -> tuple[int, int]:
    """(calls made, calls that were not refused), with every rpc of the door."""
    calls: list[Callable[[], object]] = [
        lambda: door.Heads(pb.HeadsRequest(protocol=1), timeout=5),
        lambda: door.Publish(pb.PublishRequest(), timeout=5),
        lambda: door.Fetch(pb.FetchRequest(limit=10), timeout=5),
        lambda: door.MissingFiles(pb.MissingFilesRequest(sha256=[SHA]), timeout=5),
        lambda: door.PutFile(iter([pb.PutFileRequest(sha256=SHA, size=1)]), timeout=5),
        lambda: list(door.GetFile(pb.GetFileRequest(sha256=SHA), timeout=5)),
    ]
    refused = sum(_refused(call) for _ in range(ROUNDS) for call in calls)
    return len(calls) * ROUNDS, len(calls) * ROUNDS - refused


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except grpc.RpcError as error:
        code = error.code() if isinstance(error, grpc.Call) else None
        # NOT_FOUND is an answer about a file, given to one who was let in.
        return code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.UNAVAILABLE)
    return False


@contextmanager
def the_door(county: Neighbour, certificate: bytes = b"") -> Iterator[door_pb2_grpc.DoorStub]:
    """As the county dials it, with its own certificate or another."""
    with county.db.read() as conn:
        known = standing.get(conn)
    assert known
    shown = authority.pem_of(certificate or known.certificate)
    credentials = grpc.ssl_channel_credentials(authority.pem_of(known.authority), this_node(county).keys.tls_pem, shown)
    with grpc.secure_channel(known.door_address, credentials) as channel:
        yield door_pb2_grpc.DoorStub(channel)


def with_status(status: entry_pb2.NodeStatus.ValueType) -> Callable[[Nodes, str], None]:
    def change(nodes: Nodes, slug: str) -> None:
        for node in nodes:
            if node.slug == slug:
                node.status = status

    return change


def removed(nodes: Nodes, slug: str) -> None:
    nodes[:] = [node for node in nodes if node.slug != slug]


def with_another_certificate(nodes: Nodes, slug: str) -> None:
    for node in nodes:
        if node.slug == slug:
            node.certificate_spki = b"n" * 32


REVOCATIONS: dict[str, Callable[[Nodes, str], None]] = {
    "suspended": with_status(entry_pb2.NODE_STATUS_SUSPENDED),
    "expelled": with_status(entry_pb2.NODE_STATUS_EXPELLED),
    "removed": removed,
    "renewed": with_another_certificate,
}


def revoke(region: Region, county: Neighbour, change: Callable[[Nodes, str], None]) -> None:
    signer, slug = this_node(region.hub).signer, county.settings.slug
    with region.hub.db.write() as conn:
        change_registry(conn, signer, lambda nodes: change(nodes, slug), utc_now())


def lets_everybody_in(conn: Connection, spki: bytes) -> tuple[KnownNode, HeldRegistry]:
    """Planted: mutual TLS alone, without a look at the registry."""
    held = registries.newest(conn)
    assert held
    return next(node for node in held.registry.nodes.values() if not node.hub), held


def test_no_call_of_a_revoked_node_is_accepted(sqlite_databases: SqliteDatabases) -> None:
    tried = accepted = caught = 0
    with a_region(sqlite_databases) as region:
        honest = region.county("honest", "Honest")
        for slug, change in REVOCATIONS.items():
            county = region.county(slug, slug.title())
            with the_door(county) as door:
                assert tried_and_accepted(door)[1] == 6 * ROUNDS
                revoke(region, county, change)
                more, let_in = tried_and_accepted(door)
                tried, accepted = tried + more, accepted + let_in
                with planted((serving, "caller", lets_everybody_in)):
                    caught += tried_and_accepted(door)[1]
        more, let_in = as_a_stranger(region, honest)
        served = honest.shelf.share("Honest people are served")
        until(lambda: served in region.hub.shelf.taken, "honest people are served")

    figures = f"calls={tried + more} accepted={accepted + let_in} planted[TLS alone]={caught}"
    promise(21, "region", "nothing accepted after revoking", accepted + let_in == 0 and caught > 0, figures, SEED)


def as_a_stranger(region: Region, county: Neighbour) -> tuple[int, int]:
    """With a certificate that another authority signed for the very same node."""
    node = this_node(county)
    other = authority.load_or_create(region.hub.folder / "elsewhere", utc_now())
    certificate = other.sign_request(node.keys.certificate_request(), node.id, utc_now())
    with the_door(county, certificate) as door:
        return tried_and_accepted(door)
