"""A service as a process of its own: Kafka carries its facts, and it refuses to start without."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

from sqlalchemy import select

from services.common import logs, migrating, settings, signals
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import Refusal
from services.common.kafka import KafkaBus, KafkaTrouble
from services.common.loops import Loop
from services.common.migrating import WrongVersion, versions_of
from services.common.rpc import unobserved
from services.common.service import Floor, Running, Service
from services.common.trace_context import tracer_of
from services.common.vitals import given_to
from services.common.wires import wires_of

if TYPE_CHECKING:
    from services.common.metrics import Metrics


class ProcessSettings(Protocol):
    """What each service's settings have in common."""

    @property
    def database(self) -> str: ...
    @property
    def connections(self) -> int: ...
    @property
    def run_dir(self) -> Path: ...
    @property
    def tls_dir(self) -> Path | None: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def kafka(self) -> str: ...
    @property
    def metrics_listen(self) -> str: ...
    @property
    def traces(self) -> str: ...


S = TypeVar("S", bound=ProcessSettings)
_ALIVE_EVERY_S = 3.0


def main(name: str, cls: type[S], build: Callable[[Floor, S], Service]) -> None:
    """Runs until SIGTERM or SIGINT, then drains. `--migrate` brings the database up to date and ends."""
    try:
        found: S = settings.load(cls, f"fosse_{name}")  # type: ignore[type-var]  # settings are dataclasses
        _run(name, found, build, migrate_only="--migrate" in sys.argv[1:])
    except (settings.BadSetting, WrongVersion, KafkaTrouble, Refusal, OSError) as error:
        sys.exit(f"fosse {name}: {error}")


def _alive(db: Database, file: Path) -> float:
    """Touched while the database answers: what watches the container needs no program of ours to look at its age."""
    with db.read() as conn:
        conn.execute(select(1))
    file.touch()
    return _ALIVE_EVERY_S


def _metrics() -> "Metrics":
    # Only where it is asked for, so that others do not carry the library in memory.
    from services.common.metrics import Metrics

    return Metrics()


def _run(name: str, given: S, build: Callable[[Floor, S], Service], migrate_only: bool) -> None:
    logs.start(name)
    db = Database(given.database, connections=given.connections)
    if migrate_only:
        migrating.migrate(db, versions_of(name))
        return
    migrating.start(db, versions_of(name))
    if not given.kafka:
        raise OSError(f"Set FOSSE_{name.upper()}_KAFKA to the address of Kafka, such as kafka:9092.")
    told = signals.told_to_end()
    tracer = tracer_of(name, given.traces)
    channels = Channels(wires_of(given.run_dir, given.tls_dir), name, tracer)
    seen_of_it = given_to(given, given.tls_dir, given.data_dir)  # type: ignore[arg-type]  # settings are dataclasses
    floor = Floor(name, db, utc_now, channels, given.data_dir, seen_of_it)
    bus = KafkaBus(given.kafka, utc_now, tracer=tracer)
    metrics = _metrics() if given.metrics_listen else None
    observe = metrics.rpc if metrics else unobserved
    running = Running(build(floor, given), floor, bus, observe=observe, tracer=tracer)
    running.listen(bus)
    running.start()
    bus.start()
    given.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    alive = Loop("alive", lambda: _alive(db, given.run_dir / "alive"))
    alive.start()
    stop_metrics = metrics.serve(name, running.vitals, given.metrics_listen) if metrics else lambda: None
    told.wait()
    stop_metrics()
    alive.stop()
    bus.stop()
    running.stop()
    channels.close()
    db.dispose()
    if tracer:
        tracer.close()
