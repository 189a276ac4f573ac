"""A service as a process of its own: Kafka carries its facts, and it refuses to start without."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from services.common import logs, migrating, settings, signals
from services.common.channels import Channels
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import Refusal
from services.common.kafka import KafkaBus, KafkaTrouble
from services.common.migrating import WrongVersion, versions_of
from services.common.service import Floor, Running, Service


class ProcessSettings(Protocol):
    """What each service's settings have in common."""

    @property
    def database(self) -> str: ...
    @property
    def run_dir(self) -> Path: ...
    @property
    def data_dir(self) -> Path: ...
    @property
    def kafka(self) -> str: ...


S = TypeVar("S", bound=ProcessSettings)


def main(name: str, cls: type[S], build: Callable[[Floor, S], Service]) -> None:
    """Runs until SIGTERM or SIGINT, then drains. `--migrate` brings the database up to date and ends."""
    try:
        found: S = settings.load(cls, f"fosse_{name}")  # type: ignore[type-var]  # settings are dataclasses
        _run(name, found, build, migrate_only="--migrate" in sys.argv[1:])
    except (settings.BadSetting, WrongVersion, KafkaTrouble, Refusal, OSError) as error:
        sys.exit(f"fosse {name}: {error}")


def _run(name: str, given: S, build: Callable[[Floor, S], Service], migrate_only: bool) -> None:
    logs.start(name)
    db = Database(given.database)
    if migrate_only:
        migrating.migrate(db, versions_of(name))
        return
    migrating.check(db, versions_of(name))
    if not given.kafka:
        raise OSError(f"Set FOSSE_{name.upper()}_KAFKA to the address of Kafka, such as kafka:9092.")
    told = signals.told_to_end()
    channels = Channels(given.run_dir, name)
    floor = Floor(name, db, utc_now, channels, given.data_dir)
    bus = KafkaBus(given.kafka, utc_now)
    running = Running(build(floor, given), floor, bus)
    running.listen(bus)
    running.start()
    bus.start()
    told.wait()
    bus.stop()
    running.stop()
    channels.close()
    db.dispose()
