"""The federation service put together: at the hub with its door, at a county with its loops."""

from collections.abc import Callable
from datetime import timedelta

from fosse.federation.v1 import federation_pb2_grpc
from services.common.loops import Loop
from services.common.service import Floor, Part, Service, add_to
from services.common.topics import TAKES
from services.federation import jobs
from services.federation.auditing import Auditing
from services.federation.consumer import consumer
from services.federation.delivery import Delivery
from services.federation.door.server import DoorServer
from services.federation.gate import SigningGate
from services.federation.outward import Outward
from services.federation.rpc import Federation
from services.federation.settings import Settings
from services.federation.store import entries
from services.federation.store.tables import metadata
from services.federation.sync.county import CountySync
from services.federation.sync.proxy import proxy_of
from services.federation.this_node import ThisNode, open_node
from services.federation.usecases import looking, standing
from services.federation.usecases.audit_heads import COMPARE, TAKE

NAME = "federation"
SCHEMAS = frozenset(TAKES)


def build(floor: Floor, settings: Settings) -> Service:
    node = open_node(floor.db, floor.clock, floor.data_dir, slug=settings.slug, name=settings.name, hub=settings.hub)
    standing.begin(node)
    with node.db.write() as conn:
        entries.offer_waiting_again(conn)
    gate = SigningGate()
    part, door_address = _facing_others(node, gate, settings)
    work = jobs.jobs(node)
    lodge = part.lodging.exchange if isinstance(part, CountySync) else None
    auditing = Auditing(node, floor.channels, timedelta(seconds=settings.audit_heads_every_s), lodge)
    jobs.plan(node, [*work, TAKE])
    return Service(
        name=NAME,
        servicers=[add_to(federation_pb2_grpc.add_FederationServicer_to_server, Federation(node, gate, door_address))],
        tables=metadata,
        consumers=[consumer(floor.clock)],
        jobs={**work, TAKE: auditing.run, COMPARE: auditing.run},
        loops=_loops(node, floor, gate),
        parts=[part],
        figures=lambda conn, now: looking.figures(conn, node, now),
    )


def _facing_others(node: ThisNode, gate: SigningGate, settings: Settings) -> tuple[Part, Callable[[], str]]:
    """The part that speaks with other nodes, and what a newcomer is told to dial."""
    if not node.is_hub:
        proxy = proxy_of(settings.proxy, settings.proxy_credentials_file)
        return CountySync(node, gate, SCHEMAS, proxy), str
    host = settings.door_listen.rpartition(":")[0].strip("[]")
    told = settings.door_address.rpartition(":")[0].strip("[]")
    hosts = sorted({"localhost", "127.0.0.1", host, told} - {"", "0.0.0.0", "::"})
    door = DoorServer(node, settings.door_listen, hosts, SCHEMAS)
    # Whoever keeps the list of nodes has nobody to compare heads with.
    gate.open()
    return door, lambda: settings.door_address or f"{host}:{door.port}"


def _loops(node: ThisNode, floor: Floor, gate: SigningGate) -> list[Loop]:
    outward = Loop("federation-sign", Outward(node, floor.channels, gate).step)
    delivery = Loop("federation-deliver", Delivery(node, floor.channels, TAKES).step)
    gate.when_opened(outward.wake)
    for what in ("to_sign", "registry"):
        node.db.when(what, outward.wake)
    for what in ("entries", "files"):
        node.db.when(what, delivery.wake)
    return [outward, delivery]
