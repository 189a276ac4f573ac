"""Processes that are killed while they make changes, and databases that outlive them and tell what became of those."""

import dataclasses
import json
import queue
import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import select

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.clock import utc_now
from services.common.database import Database
from services.common.ids import new_id
from services.common.kafka import KafkaBus
from tests.containers import road
from tests.databases import Databases, open_database
from tests.machine import environment
from tests.promises import killed
from tests.promises.killed import Job
from tests.waiting import until


@dataclass
class Victim:
    """A process of `killed`, and what it confirmed."""

    process: subprocess.Popen[str]
    said: "queue.Queue[int]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        self.listener = threading.Thread(target=self._listen, daemon=True)
        self.listener.start()

    def _listen(self) -> None:
        assert self.process.stdout
        with self.process.stdout as lines:
            for line in lines:
                if line.endswith("\n"):
                    self.said.put(int(line))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.listener.join()


@dataclass
class Story:
    """Databases that outlive the processes, and what those confirmed."""

    job: Job
    source: Database
    sink: Database
    confirmed: set[int] = field(default_factory=set)

    settled: int = 0

    @contextmanager
    def running(self, *, writes: bool = True, reads: bool = True) -> Iterator[Victim]:
        victim = self.start(writes=writes, reads=reads)
        try:
            yield victim
        finally:
            victim.kill()

    def start(self, *, writes: bool = True, reads: bool = True) -> Victim:
        job = dataclasses.replace(self.job, writes=writes, reads=reads)
        command = [sys.executable, "-m", "tests.promises.killed", json.dumps(dataclasses.asdict(job))]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=quiet, text=True)
        return Victim(process)

    def run_and_kill(self, dice: random.Random, per_kill: int) -> None:
        """One life: it is killed a random number of confirmed changes, and a moment, after its birth."""
        before = self.effects().total()
        with self.running() as victim:
            for _ in range(dice.randint(1, per_kill)):
                self.confirmed.add(victim.said.get(timeout=60))
            if self.job.kafka and dice.random() < 0.5:
                # Kafka holds a dead reader's messages back for seconds: half of the lives end while it reads again.
                until(lambda: self.effects().total() > before, "the reader was let in again", within_s=60)
            threading.Event().wait(dice.random() * 0.02)
        self.hear(victim)

    def hear(self, victim: Victim) -> None:
        while not victim.said.empty():
            self.confirmed.add(victim.said.get())

    def made(self) -> set[int]:
        with self.source.read() as conn:
            return set(conn.scalars(select(killed.changes.c.number)))

    def effects(self) -> Counter[int]:
        with self.sink.read() as conn:
            return Counter(conn.scalars(select(road.effects.c.version)))

    def settle(self) -> None:
        """What was said takes effect, as far as it ever will: the last of each key is last."""
        self.settled += 1
        marks = range(-7 * self.settled, -7 * self.settled + 7)
        with self.source.write() as conn:
            for number in marks:
                fact = ResourceAdopted(adoption_id=str(number), version=number)
                facts.put(conn, fact, killed.key_of(number), utc_now())
        with self.running(writes=False), self.relaying():
            until(lambda: set(marks) <= self.effects().keys(), "the last facts took effect", within_s=60)

    @contextmanager
    def relaying(self) -> Iterator[None]:
        if not self.job.kafka:
            yield
            return
        bus = KafkaBus(self.job.kafka, utc_now, partitions=3)
        bus.add_source(self.job.topic, self.source)
        bus.start()
        yield
        bus.stop()

    def lost_and_doubled(self) -> tuple[int, int]:
        made, effects = self.made(), self.effects()
        lost = len(self.confirmed - made) + len(made - effects.keys())
        return lost, sum(1 for count in effects.values() if count > 1)


@contextmanager
def a_story(databases: Databases, kafka: str) -> Iterator[Story]:
    """`kafka` is its address; empty: LocalBus."""
    source, sink = (open_database(databases, "membership") for _ in range(2))
    for database, tables in ((source, killed.TABLES), (sink, road.TABLES)):
        with database.write() as conn:
            tables.create_all(conn)
    yield Story(Job(source.url, sink.url, f"fosse.killed-{new_id()[:8]}", kafka), source, sink)
    source.dispose()
    sink.dispose()
