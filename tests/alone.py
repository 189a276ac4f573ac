"""One service at work on a unix socket of its own, over a database that is thrown away."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from services.common.channels import Channels
from services.common.clock import Clock
from services.common.database import Database
from services.common.local_bus import LocalBus
from services.common.service import Floor, Running, Service
from services.common.wires import Sockets
from tests.databases import Databases, open_database

NO_SOURCES: Mapping[str, Database] = {}


class HeldClock:
    """Stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def a_floor(name: str, databases: Databases, clock: Clock, folder: Path) -> Iterator[Floor]:
    """What the service stands on; `folder / "run"` will hold its socket."""
    channels = Channels(Sockets(folder / "run"), name)
    db = open_database(databases, name)
    yield Floor(name, db, clock, channels, folder)
    channels.close()
    db.dispose()


@contextmanager
def alone(service: Service, floor: Floor, sources: Mapping[str, Database] = NO_SOURCES) -> Iterator[None]:
    """The service at work. `sources`: the databases in which facts of other services' topics lie."""
    bus = LocalBus(floor.clock)
    for topic, db in sources.items():
        bus.add_source(topic, db)
    running = Running(service, floor, bus)
    running.listen(bus)
    running.start()
    bus.start()
    try:
        yield
    finally:
        bus.stop()
        running.stop()
