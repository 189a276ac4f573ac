"""A road for facts in tests: one database that says them, a bus, and another database in which they take effect."""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy import Column, Connection, Integer, MetaData, String, Table, create_engine, func, insert, select, text
from sqlalchemy.engine import make_url

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts, privacy, seen
from services.common.bus import Consumer, Lag, Message
from services.common.clock import utc_now
from services.common.database import Database
from services.common.facts import Unsent
from services.common.ids import new_id
from services.common.topics import kind
from tests.databases import Databases, open_database

TABLES = MetaData()
# No key of its own, so that a doubled effect shows.
effects = Table(
    "effects",
    TABLES,
    Column("number", Integer, primary_key=True, info=privacy.COUNTS),
    Column("consumer", String(60), info=privacy.STATE),
    Column("key", String(64), info=privacy.IDS),
    Column("version", Integer, info=privacy.COUNTS),
)
ADOPTED = kind(ResourceAdopted)


class Bus(Protocol):
    def add_source(self, topic: str, db: Database) -> None: ...
    def listen(self, consumer: Consumer, db: Database) -> None: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def waiting(self, topic: str) -> Unsent: ...
    def lags(self, consumers: Collection[str]) -> Sequence[Lag]: ...


def take_effect(consumer: str) -> Callable[[Connection, Message], None]:
    def handler(conn: Connection, message: Message) -> None:
        fact = message.as_(ResourceAdopted)
        conn.execute(insert(effects).values(consumer=consumer, key=message.key, version=fact.version))

    return handler


@dataclass
class Road:
    source: Database
    sink: Database
    new_bus: Callable[[], Bus]
    variant: str = ""
    topic: str = field(default_factory=lambda: f"fosse.test-{new_id()[:8]}")
    running: list[Bus] = field(default_factory=list)

    def consumer(
        self,
        name: str = "",
        handlers: Mapping[str, Callable[..., None]] | None = None,
        prepare: Callable[[Sequence[Message]], Any] | None = None,
    ) -> Consumer:
        name = name or f"listener-{new_id()[:8]}"
        return Consumer(name, (self.topic,), handlers or {ADOPTED: take_effect(name)}, prepare)

    def open(self, *consumers: Consumer) -> Bus:
        """A bus at work, as after a start of the process."""
        bus = self.new_bus()
        bus.add_source(self.topic, self.source)
        for consumer in consumers:
            bus.listen(consumer, self.sink)
        bus.start()
        self.running.append(bus)
        return bus

    def close(self) -> None:
        while self.running:
            self.running.pop().stop()

    def say(self, key: str, *versions: int, stage: str = "adopted") -> None:
        """One transaction for each version of the item `key`."""
        for version in versions:
            with self.source.write() as conn:
                facts.put(conn, ResourceAdopted(adoption_id=key, version=version, stage=stage), key, utc_now())

    def say_nonsense(self, key: str) -> None:
        """A fact whose bytes are no message at all."""
        self.say(key, 0)
        with self.source.write() as conn:
            last = select(func.max(facts.facts.c.id)).scalar_subquery()
            conn.execute(facts.facts.update().where(facts.facts.c.id == last).values(body=b"\xff\xff"))

    def effects(self, consumer: Consumer, key: str | None = None) -> list[tuple[str, int]]:
        """(key, version) in the order in which they took effect."""
        found = select(effects.c.key, effects.c.version).where(effects.c.consumer == consumer.name)
        if key:
            found = found.where(effects.c.key == key)
        with self.sink.read() as conn:
            return [(row.key, row.version) for row in conn.execute(found.order_by(effects.c.number))]

    def versions(self, consumer: Consumer, key: str) -> list[int]:
        return [version for _, version in self.effects(consumer, key)]

    def parked(self, consumer: Consumer) -> list[str]:
        """The keys of parked messages, oldest first."""
        with self.sink.read() as conn:
            return [each.key for each in seen.parked_of(conn, consumer.name)]

    @contextmanager
    def sink_away(self) -> Iterator[None]:
        """The listener's database cannot be written to: PostgreSQL refuses connections, SQLite is held by another."""
        if self.sink.sqlite:
            other = sqlite3.connect(str(self.sink.engine.url.database))
            other.execute("BEGIN IMMEDIATE")
            yield
            other.rollback()
            other.close()
            return
        name = self.sink.engine.url.database
        server = create_engine(make_url(self.sink.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
        with server.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            conn.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where datname = :n"), {"n": name})
            yield
            conn.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        server.dispose()


@contextmanager
def roads(databases: Databases, new_bus: Callable[[], Bus], variant: str = "") -> Iterator[Road]:
    source, sink = open_database(databases, "membership"), open_database(databases, "membership")
    with sink.write() as conn:
        TABLES.create_all(conn)
    made = Road(source, sink, new_bus, variant)
    yield made
    made.close()
    source.dispose()
    sink.dispose()
