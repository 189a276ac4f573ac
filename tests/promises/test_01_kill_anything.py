"""PROMISE 1: whatever is killed whenever, no change that was confirmed is lost and none takes effect twice."""

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

import pytest
from sqlalchemy import select

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts
from services.common.clock import utc_now
from services.common.database import Database
from services.common.ids import new_id
from services.common.kafka import KafkaBus
from tests.containers import road
from tests.databases import PostgresDatabases, SqliteDatabases, open_database
from tests.machine import FULL, environment
from tests.promises import killed
from tests.promises.killed import DUAL_WRITE, EARLY_ACK, NO_DEDUPE, Job
from tests.promises.promise import promise
from tests.waiting import until

SEED = 1
KILLS, WRITES = (200, 10_000) if FULL else (20, 1_000)


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
    def running(self, *, writes: bool = True) -> Iterator[Victim]:
        job = dataclasses.replace(self.job, writes=writes)
        command = [sys.executable, "-m", "tests.promises.killed", json.dumps(dataclasses.asdict(job))]
        quiet = subprocess.DEVNULL
        process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE, stderr=quiet, text=True)
        victim = Victim(process)
        try:
            yield victim
        finally:
            victim.kill()

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


@pytest.fixture
def story(request: pytest.FixtureRequest, sqlite_databases: SqliteDatabases) -> Iterator[Story]:
    kafka = ""
    databases: SqliteDatabases | PostgresDatabases = sqlite_databases
    if request.param == "stack":
        databases = request.getfixturevalue("postgres_databases")
        kafka = request.getfixturevalue("broker").address
    source, sink = (open_database(databases, "membership") for _ in range(2))
    for database, tables in ((source, killed.TABLES), (sink, road.TABLES)):
        with database.write() as conn:
            tables.create_all(conn)
    topic = f"fosse.killed-{new_id()[:8]}"
    yield Story(Job(source.url, sink.url, topic, kafka), source, sink)
    source.dispose()
    sink.dispose()


STACK = pytest.param("stack", marks=pytest.mark.xdist_group("kafka"))


@pytest.mark.timeout(3600 if FULL else 600)
@pytest.mark.parametrize("story", ["embedded", STACK], indirect=True)
def test_nothing_confirmed_is_lost_and_nothing_takes_effect_twice(story: Story) -> None:
    dice = random.Random(SEED)
    variant = "stack" if story.job.kafka else "embedded"

    kills = 0
    while kills < KILLS or len(story.confirmed) < WRITES:
        story.run_and_kill(dice, 2 * WRITES // KILLS)
        kills += 1
    story.settle()

    lost, doubled = story.lost_and_doubled()
    figures = f"kills={kills} writes={len(story.confirmed)} lost={lost} doubled={doubled}"
    promise(1, variant, "kill -9 at any moment", lost == doubled == 0, figures, SEED)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("story", "bug"),
    [
        ("embedded", DUAL_WRITE),
        ("embedded", EARLY_ACK),
        ("embedded", NO_DEDUPE),
        pytest.param("stack", EARLY_ACK, marks=pytest.mark.xdist_group("kafka")),
        pytest.param("stack", NO_DEDUPE, marks=pytest.mark.xdist_group("kafka")),
    ],
    indirect=["story"],
)
def test_a_mistake_that_would_lose_or_double_is_caught(story: Story, bug: str) -> None:
    dice = random.Random(SEED)
    story.job = dataclasses.replace(story.job, bug=bug)
    variant = "stack" if story.job.kafka else "embedded"

    kills, lost, doubled = 0, 0, 0
    while not (doubled if bug == NO_DEDUPE else lost) and kills < 2 * KILLS:
        for _ in range(5):
            story.run_and_kill(dice, 40)
            kills += 1
        story.settle()
        lost, doubled = story.lost_and_doubled()

    figures = f"kills={kills} lost={lost} doubled={doubled}"
    promise(1, variant, f"kill -9, planted: {bug}", bool(doubled if bug == NO_DEDUPE else lost), figures, SEED)
