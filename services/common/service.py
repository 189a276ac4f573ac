"""A service put together: what it serves, hears and does in the background; the same in the embedded node and alone."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc
from sqlalchemy import Connection, MetaData

from fosse.membership.v1 import membership_pb2 as membership
from fosse.membership.v1 import membership_pb2_grpc
from services.common import audit_chain, facts, seen, timetable
from services.common.bus import KEPT_SEEN, Consumer, Lag
from services.common.channels import Channels
from services.common.clock import Clock
from services.common.database import Database
from services.common.facts import Unsent
from services.common.housekeeping import Housekeeping
from services.common.loops import Loop
from services.common.passes import PassVerifier
from services.common.rpc import AddServicer, Observe, Server, unobserved
from services.common.timetable import Batch, Due, Job, Timetable
from services.common.vitals import Figures, Given, Measuring, no_figures

if TYPE_CHECKING:
    from services.common.tracing import Tracer

# Mails of a busy moment go out together; nobody waits for a job as for a page.
_BREATH_S = 0.25
_PORTION = 2_000
_TIDY = "tidy"
_TIDY_EVERY = timedelta(hours=6)


Prune = Callable[[Connection, datetime], object]
"""Drops what is too old to be kept, by the time given."""


class Part(Protocol):
    """Something of a service that starts and stops with it, such as federation's door."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Bus(Protocol):
    """A carrier of facts: LocalBus or KafkaBus."""

    def add_source(self, topic: str, db: Database) -> None: ...

    def listen(self, consumer: Consumer, db: Database) -> None: ...

    def waiting(self, topic: str) -> Unsent: ...

    def lags(self, consumers: Collection[str]) -> Sequence[Lag]: ...


@dataclass(frozen=True)
class Floor:
    """What a service is given to stand on."""

    name: str
    db: Database
    clock: Clock
    channels: Channels
    # Its own folder for keys, files and indexes.
    data_dir: Path
    given: Given = field(default_factory=Given)


@dataclass(frozen=True)
class Service:
    """What `build` of a service returns; nothing of it runs yet."""

    name: str
    servicers: Sequence[AddServicer]
    tables: MetaData
    consumers: Sequence[Consumer] = ()
    jobs: Mapping[str, Job] = field(default_factory=dict)
    # The most urgent kind first.
    batches: Mapping[str, Batch] = field(default_factory=dict)
    loops: Sequence[Loop] = ()
    parts: Sequence[Part] = ()
    # What of its own goes with old facts, in the same transaction every six hours.
    prunes: Sequence[Prune] = ()
    figures: Figures = no_figures


class Running:
    """A service at work: `start` in order, `stop` in the opposite one."""

    def __init__(
        self,
        service: Service,
        floor: Floor,
        bus: Bus,
        *,
        workers: int = 16,
        observe: Observe = unobserved,
        tracer: "Tracer | None" = None,
    ) -> None:
        self._service = service
        self._floor = floor
        topic = f"fosse.{service.name}"
        bus.add_source(topic, floor.db)
        names = {each.name for each in service.consumers}
        self.vitals = Measuring(
            floor.db, floor.clock, floor.data_dir, lambda: bus.waiting(topic), lambda: bus.lags(names), service.figures
        )
        keeping = Housekeeping(service.name, floor, service.consumers, service.tables, self.vitals)
        verifier = PassVerifier(lambda: _pass_keys(floor.channels), floor.clock)
        servicers = [*service.servicers, keeping.add_to]
        self._server = Server(
            service.name, servicers, floor.channels.wires, verifier, workers=workers, observe=observe, tracer=tracer
        )
        table = Timetable(floor.db, {**service.jobs, _TIDY: self._tidy}, floor.clock, service.batches)
        self._timer = Loop(f"timetable-{service.name}", table.step, breath_s=_BREATH_S)
        floor.db.when("timetable", self._timer.wake)
        sealer = Loop(f"sealer-{service.name}", lambda: audit_chain.seal(floor.db))
        self._loops = [self._timer, sealer, *service.loops]

    def listen(self, bus: Bus) -> None:
        """Its consumers join the bus, once all sources are known."""
        for consumer in self._service.consumers:
            bus.listen(consumer, self._floor.db)

    def start(self) -> None:
        with self._floor.db.write() as conn:
            timetable.add(conn, _TIDY, self._service.name, self._floor.clock() + timedelta(minutes=10))
        self._server.start()
        for part in self._service.parts:
            part.start()
        for loop in self._loops:
            loop.start()

    def stop(self) -> None:
        for loop in reversed(self._loops):
            loop.stop()
        for part in reversed(self._service.parts):
            part.stop()
        self._server.stop()

    def _tidy(self, row: Due) -> None:
        """Facts are kept for 35 days and seen messages for 50, so that nothing can come back unrecognised."""
        now = self._floor.clock()
        self._in_portions(lambda conn: facts.prune(conn, now, _PORTION))
        self._in_portions(lambda conn: seen.prune(conn, now - KEPT_SEEN, _PORTION))
        with self._floor.db.write() as conn:
            for prune in self._service.prunes:
                prune(conn, now)
            timetable.add(conn, _TIDY, self._service.name, now + _TIDY_EVERY)

    def _in_portions(self, prune: Callable[[Connection], int]) -> None:
        """However much has gathered, no statement takes longer than statements may."""
        pruned = _PORTION
        while pruned == _PORTION:
            with self._floor.db.write() as conn:
                pruned = prune(conn)


def _pass_keys(channels: Channels) -> dict[str, bytes]:
    stub = channels.stub(membership_pb2_grpc.MembershipStub, "membership")
    found = stub.PassKeys(membership.PassKeysRequest())
    return {key.kid: key.public_key for key in found.keys}


def add_to(function: object, servicer: object) -> AddServicer:
    """Ties a generated `add_…_to_server` to its servicer."""

    def add(server: grpc.Server) -> None:
        function(servicer, server)  # type: ignore[operator]  # generated code has one shape per service

    return add
