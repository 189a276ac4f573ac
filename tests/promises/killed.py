"""A process to be killed: it makes changes, says each as a fact, and lets the facts take effect in another database.

Run as `python -m tests.promises.killed <json>`; prints the number of each change once it is committed. `bug` puts one
of the mistakes in its way that the promise is there to exclude.
"""

import dataclasses
import json
import sys
import threading

from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select
from sqlalchemy.exc import DBAPIError

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts, privacy, seen
from services.common.bus import Consumer, Message
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import TooMany
from services.common.facts import Place
from services.common.kafka import KafkaBus
from services.common.kafka.clients import Brokers
from services.common.kafka.reader import opened
from services.common.local_bus import LocalBus
from tests.containers.road import ADOPTED, Bus, take_effect

TABLES = MetaData()
changes = Table("changes", TABLES, Column("number", Integer, primary_key=True, info=privacy.COUNTS))
LISTENER = "listener"
DUAL_WRITE, EARLY_ACK, NO_DEDUPE = "dual write", "ack before commit", "no dedupe"


@dataclasses.dataclass(frozen=True)
class Job:
    source: str
    sink: str
    topic: str
    # Address of Kafka; empty: LocalBus.
    kafka: str = ""
    bug: str = ""
    writes: bool = True
    reads: bool = True


def key_of(number: int) -> str:
    return f"item-{number % 7}"


def write(db: Database, bug: str) -> None:
    """Makes changes until killed."""
    number = 0
    while True:
        try:
            number = (number or _last(db)) + 1
            _change(db, number, bug)
        except (TooMany, DBAPIError):
            # The database was killed: whether it keeps this one nobody was told.
            continue
        print(number, flush=True)


def _last(db: Database) -> int:
    with db.read() as conn:
        return int(conn.scalar(select(func.max(changes.c.number))) or 0)


def _change(db: Database, number: int, bug: str) -> None:
    fact = ResourceAdopted(adoption_id=str(number), version=number)
    with db.write() as conn:
        conn.execute(insert(changes).values(number=number))
        if bug != DUAL_WRITE:
            facts.put(conn, fact, key_of(number), utc_now())
    if bug == DUAL_WRITE:
        with db.write() as conn:
            facts.put(conn, fact, key_of(number), utc_now())


def carelessly_local(job: Job, source: Database, sink: Database) -> None:
    """A carrier that moves its place apart from the effects, and does not ask what it has seen."""
    handler = take_effect(LISTENER)
    while True:
        with sink.read() as conn:
            place = seen.position(conn, LISTENER, job.topic).place
        with source.read() as conn:
            found = facts.after(conn, place, 10)
        if found and job.bug == EARLY_ACK:
            _move(sink, job.topic, found[-1].place)
        with sink.write() as conn:
            for each in found:
                handler(conn, Message(each.message_id, job.topic, each.kind, each.key, each.body, each.happened_at))
        if found and job.bug == NO_DEDUPE:
            _move(sink, job.topic, found[-1].place)


def _move(sink: Database, topic: str, place: Place) -> None:
    with sink.write() as conn:
        seen.move(conn, LISTENER, topic, 0, place)


def carelessly_kafka(job: Job, sink: Database) -> None:
    """A reader that commits its place apart from the effects, and does not ask what it has seen."""
    handler = take_effect(LISTENER)
    kafka = Brokers(job.kafka, 3, 1).consumer(LISTENER + job.topic, [job.topic])
    while True:
        polled = kafka.poll(timeout_ms=500, max_records=10)
        if polled and job.bug == EARLY_ACK:
            kafka.commit()
        with sink.write() as conn:
            for record in (each for records in polled.values() for each in records):
                handler(conn, opened(record))
        if polled and job.bug == NO_DEDUPE:
            kafka.commit()


def carry(job: Job, source: Database, sink: Database) -> None:
    bus: Bus = KafkaBus(job.kafka, utc_now, partitions=3) if job.kafka else LocalBus(utc_now)
    if job.writes or not job.kafka:
        bus.add_source(job.topic, source)
    if job.reads and job.bug not in {EARLY_ACK, NO_DEDUPE}:
        name = LISTENER + job.topic if job.kafka else LISTENER
        bus.listen(Consumer(name, (job.topic,), {ADOPTED: take_effect(LISTENER)}), sink)
    bus.start()


def main(job: Job) -> None:
    source, sink = Database(job.source), Database(job.sink)
    carry(job, source, sink)
    if job.writes:
        threading.Thread(target=write, args=(source, job.bug), daemon=True).start()
    else:
        print(0, flush=True)
    if job.reads and job.bug in {EARLY_ACK, NO_DEDUPE}:
        if job.kafka:
            carelessly_kafka(job, sink)
        else:
            carelessly_local(job, source, sink)
    threading.Event().wait()


if __name__ == "__main__":
    main(Job(**json.loads(sys.argv[1])))
