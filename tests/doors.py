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
from tests.federations import SCHEMAS, Region, a_region


@dataclass(frozen=True)
class OpenDoor:
    region: Region
    county: ThisNode
    port: int

    def connect(self) -> grpc.Channel:
        """As the county does."""
        trusted, identity = self.files(self.county)
        return grpc.secure_channel(f"localhost:{self.port}", grpc.ssl_channel_credentials(trusted, identity, identity))

    def files(self, county: ThisNode) -> tuple[bytes, bytes]:
        """The authority that a county trusts, and its certificate with the key."""
        with county.db.read() as conn:
            known = standing.get(conn)
        assert known
        return authority.pem_of(known.authority), authority.pem_of(known.certificate) + county.keys.tls_pem


@contextmanager
def a_door(folder: Path, databases: SqliteDatabases) -> Iterator[OpenDoor]:
    region = a_region(lambda name: open_database(databases, name), folder)
    county = region.county("notts")
    # By its module, in which a test may plant a bug.
    opened = door.DoorServer(region.hub, "127.0.0.1:0", ["localhost", "127.0.0.1"], SCHEMAS)
    opened.start()
    try:
        yield OpenDoor(region, county, opened.port)
    finally:
        opened.stop()
