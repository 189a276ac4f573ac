"""Changes that are made all the time, each said as a fact, while something is taken away from below them."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.exc import DBAPIError

from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common import facts, privacy
from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import TooMany
from tests.containers.road import effects
from tests.waiting import until

TABLES = MetaData()
changes = Table("changes", TABLES, Column("number", Integer, primary_key=True, info=privacy.COUNTS))
_KEYS = 7


@dataclass(frozen=True)
class Difference:
    """Between what was confirmed, what was kept, and what took effect."""

    lost: int
    doubled: int
    out_of_order: int

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.out_of_order)

    def __str__(self) -> str:
        return f"lost={self.lost} doubled={self.doubled} out_of_order={self.out_of_order}"


def make(db: Database, number: int) -> bool:
    """A change with its fact; false when the database would not say whether it keeps it."""
    try:
        with db.write() as conn:
            conn.execute(insert(changes).values(number=number))
            key = f"item-{number % _KEYS}"
            facts.put(conn, ResourceAdopted(adoption_id=key, version=number), key, utc_now())
    except (TooMany, DBAPIError):
        return False
    return True


@dataclass
class Load:
    source: Database
    sink: Database
    pause_s: float = 0.002
    confirmed: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        with self.source.write() as conn:
            TABLES.create_all(conn)

    @contextmanager
    def going(self) -> Iterator[None]:
        ending = threading.Event()

        def work() -> None:
            number = max(self.confirmed, default=0)
            while not ending.wait(self.pause_s):
                number += 1
                if make(self.source, number):
                    self.confirmed.add(number)

        thread = threading.Thread(target=work, name="load")
        thread.start()
        try:
            yield
        finally:
            ending.set()
            thread.join()

    def made(self) -> set[int]:
        with self.source.read() as conn:
            return set(conn.scalars(select(changes.c.number)))

    def took_effect(self, consumer: str) -> list[int]:
        found = select(effects.c.version).where(effects.c.consumer == consumer)
        with self.sink.read() as conn:
            return list(conn.scalars(found.order_by(effects.c.number)))

    def settle(self, *consumers: str, within_s: float = 60) -> None:
        """One more change of each item: once those took effect, what came before them did, or never will."""
        first = max(self.made(), default=0) + 1
        last = set(range(first, first + _KEYS))
        self.confirmed |= {number for number in last if make(self.source, number)}
        until(lambda: all(last <= set(self.took_effect(each)) for each in consumers), "the last took effect", within_s)

    def difference(self, consumer: str) -> Difference:
        made, found = self.made(), self.took_effect(consumer)
        counts = Counter(found)
        lost = len(self.confirmed - made) + len(made - counts.keys())
        by_key: dict[int, list[int]] = {}
        for number in found:
            by_key.setdefault(number % _KEYS, []).append(number)
        unordered = sum(versions != sorted(versions) for versions in by_key.values())
        return Difference(lost, sum(1 for count in counts.values() if count > 1), unordered)
