"""A hub's door for other nodes, opened on this machine, and an enrolled county's way to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from services.federation import authority
from services.federation.door import server as door
from services.federation.store import standing
from services.federation.this_node import ThisNode
from tests.databases import SqliteDatabases, open_database
from tests.federations import SCHEMAS, a_region


@dataclass(frozen=True)
class OpenDoor:
    hub: ThisNode
    county: ThisNode
    port: int

    @property
    def credentials(self) -> grpc.ChannelCredentials:
        """The county's."""
        with self.county.db.read() as conn:
            known = standing.get(conn)
        assert known
        pem = authority.pem_of
        return grpc.ssl_channel_credentials(pem(known.authority), self.county.keys.tls_pem, pem(known.certificate))

    def connect(self, credentials: grpc.ChannelCredentials | None = None) -> grpc.Channel:
        return grpc.secure_channel(f"localhost:{self.port}", credentials or self.credentials)


@contextmanager
def a_door(folder: Path, databases: SqliteDatabases) -> Iterator[OpenDoor]:
    region = a_region(lambda name: open_database(databases, name), folder)
    county = region.county("notts")
    # By its module, in which a test may plant a bug.
    opened = door.DoorServer(region.hub, "127.0.0.1:0", ["localhost", "127.0.0.1"], SCHEMAS)
    opened.start()
    try:
        yield OpenDoor(region.hub, county, opened.port)
    finally:
        opened.stop()
