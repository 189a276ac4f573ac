"""The services of a node behind mutual TLS on this machine, as they are between its containers."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from services.common import migrating
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.database import Database
from services.common.local_bus import LocalBus
from services.common.service import Floor, Running
from services.common.topics import SERVICES
from services.common.wires import AUTHORITY, MutualTls
from services.node.composition import Piece, pieces
from services.node.settings import Settings
from services.node.setup import authority
from services.node.setup.authority import Authority
from services.node.setup.secrets import WORKLOADS
from services.node.web import bound

NODE = "notts"


@dataclass(frozen=True)
class TlsNode:
    """Where each workload's certificates lie, and on which port of this machine each service listens."""

    folder: Path
    ports: Mapping[str, int]

    @property
    def authority(self) -> Authority:
        return authority.opened(self.folder / "authority", NODE, utc_now())

    @property
    def trusted(self) -> bytes:
        """The authority's certificate, which is no secret."""
        return (self.folder / "authority" / AUTHORITY).read_bytes()

    def address(self, service: str) -> str:
        return f"127.0.0.1:{self.ports[service]}"

    def wires(self, workload: str) -> MutualTls:
        return MutualTls(self.folder / workload, self.address, host="127.0.0.1")

    def connect(self, service: str, credentials: grpc.ChannelCredentials | None) -> grpc.Channel:
        """With credentials of any kind, or without TLS."""
        if credentials is None:
            return grpc.insecure_channel(self.address(service))
        named = (("grpc.ssl_target_name_override", service),)
        return grpc.secure_channel(self.address(service), credentials, named)


def prepared(folder: Path) -> TlsNode:
    """Certificates as `fosse setup` issues them; nothing listens yet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("authority", *WORKLOADS):
        (folder / name).mkdir()
    ours = authority.opened(folder / "authority", NODE, utc_now())
    for name in WORKLOADS:
        ours.issue(name, folder / name, utc_now())
    with ExitStack() as stack:
        taken = [stack.enter_context(bound("127.0.0.1", 0)).getsockname()[1] for _ in SERVICES]
    ports = dict(zip(SERVICES, taken, strict=True))
    return TlsNode(folder, ports)


@contextmanager
def serving(node: TlsNode) -> Iterator[None]:
    """Every service, whole, over fresh databases."""
    bus = LocalBus(utc_now)
    settings = Settings(data=node.folder / "data", slug=NODE, name="Nottinghamshire")
    with ExitStack() as stack:
        all_of_them = pieces(settings, settings.data, settings.data / "run")
        running = [_running(stack, node, piece, bus) for piece in all_of_them]
        for each in running:
            each.listen(bus)
            each.start()
            stack.callback(each.stop)
        bus.start()
        stack.callback(bus.stop)
        yield


def _running(stack: ExitStack, node: TlsNode, piece: Piece, bus: LocalBus) -> Running:
    data = node.folder / "data" / piece.name
    data.mkdir(parents=True, exist_ok=True)
    db = Database(f"sqlite:///{data / 'service.db'}")
    stack.callback(db.dispose)
    migrating.migrate(db, migrating.versions_of(piece.name))
    channels = Channels(node.wires(piece.name), piece.name)
    stack.callback(channels.close)
    floor = Floor(piece.name, db, utc_now, channels, data)
    return Running(piece.build(floor), floor, bus)
