"""A county's audit trail with its heads at the hub, and the hands of whoever may write to the county's databases."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from fosse.federation.v1 import door_pb2 as door
from services.common import audit, audit_chain
from services.common.audit_chain import chain
from services.common.database import Database
from services.federation.domain import audit_heads as heads
from services.federation.store import tables
from services.federation.this_node import ThisNode
from services.federation.usecases import audit_heads
from services.federation.usecases.audit_heads import Trail
from tests.federations import a_region, spki_of
from tests.regions import NOW, id_of

ROWS, LODGED, FRESH = 60, 40, 3
"""Sealed; of these, under a head that the hub keeps; and not sealed yet."""
rows = audit.audit
Hand = Callable[[Connection, random.Random], None]


@dataclass
class Trails:
    db: Database
    county: ThisNode
    hub: ThisNode
    # Both tables as they were, to begin again from.
    kept: dict[Any, list[dict[str, Any]]]

    def begin_again(self) -> None:
        with self.db.write() as conn:
            for table, found in self.kept.items():
                conn.execute(delete(table))
                conn.execute(insert(table), found)
        for node in (self.county, self.hub):
            with node.db.write() as conn:
                conn.execute(delete(tables.audit_heads))
        self.lodge(LODGED)

    def lodge(self, count: int) -> None:
        """As the hourly round does at a moment when so many rows were sealed."""
        with self.db.read() as conn:
            trail = Trail(count, audit_chain.seals_at(conn, [count])[count], {})
        audit_heads.sign(self.county, {"membership": trail}, NOW)
        signed = [head.signed for head in audit_heads.next_to_lodge(self.county)]
        audit_heads.take_lodged(self.hub, spki_of(self.county), door.LodgeAuditHeadsRequest(heads=signed))

    def write_chain_anew(self, change: Hand, rng: random.Random) -> None:
        """Also takes away the heads that the county signed, and has the new chain signed and lodged."""
        with self.db.write() as conn:
            change(conn, rng)
            conn.execute(delete(chain))
            conn.execute(update(rows).values(sealed=False))
        audit_chain.seal(self.db)
        with self.county.db.write() as conn:
            conn.execute(delete(tables.audit_heads))
        with self.db.read() as conn:
            now_there = audit_chain.head(conn).count
        self.lodge(now_there)

    def is_caught(self) -> bool:
        """As `fosse audit check` does: the chain is walked, then compared with what the hub keeps."""
        with self.db.read() as conn:
            if audit_chain.verify(conn).broken_at is not None:
                return True
        answer = audit_heads.give_lodged(self.hub, spki_of(self.county), door.ListLodgedHeadsRequest())
        audit_heads.keep_lodged(self.county, answer.heads, NOW)
        found, _ = audit_heads.listed(self.county, "", 0)
        statements = [heads.read_audit_head(head.signed) for head in found]
        with self.db.read() as conn:
            return bool(heads.misfits(statements, audit_chain.seals_at(conn, [one.count for one in statements])))


def trails(make_database: Callable[[str], Database], folder: Path, rng: random.Random) -> Trails:
    """Every row differs from every other in who, what and when."""
    region = a_region(make_database, folder)
    made = Trails(make_database("membership"), region.county("notts"), region.hub, {})
    for number in range(ROWS + FRESH):
        who, item = id_of(f"actor {rng.random()}"), id_of(f"item {rng.random()}")
        with made.db.write() as conn:
            audit.add(conn, who, f"did {number}", item, NOW + timedelta(seconds=number))
        if number == ROWS - 1:
            audit_chain.seal(made.db)
    with made.db.read() as conn:
        made.kept = {table: [dict(row) for row in conn.execute(select(table)).mappings()] for table in (rows, chain)}
    return made


def edited(conn: Connection, rng: random.Random, among: int = ROWS) -> None:
    number = rng.randint(1, among)
    other: Mapping[str, object] = rng.choice(
        [
            {"actor": id_of(f"another {rng.random()}")},
            {"item_id": id_of(f"another {rng.random()}")},
            {"action": f"did not do {number}"},
            {"at": NOW - timedelta(days=rng.randint(1, 900))},
            {"actor": ""},
            {"number": ROWS + FRESH + rng.randint(1, 99)},
        ]
    )
    conn.execute(update(rows).where(rows.c.number == number).values(**other))


def deleted(conn: Connection, rng: random.Random, among: int = ROWS) -> None:
    conn.execute(delete(rows).where(rows.c.number == rng.randint(1, among)))


def swapped(conn: Connection, rng: random.Random, among: int = ROWS) -> None:
    """What two rows say, or who did it, the one for the other."""
    first, second = rng.sample(range(1, among + 1), 2)
    names = rng.choice([("actor",), ("at",), ("actor", "item_id", "action", "at")])
    found = {row["number"]: {name: row[name] for name in names} for row in conn.execute(select(rows)).mappings()}
    for number, other in ((first, second), (second, first)):
        conn.execute(update(rows).where(rows.c.number == number).values(**found[other]))


def cut(conn: Connection, rng: random.Random, among: int = ROWS) -> None:
    """The end of the trail, also what is not sealed yet."""
    conn.execute(delete(rows).where(rows.c.number > rng.randint(among // 2, among - 1)))


def end_cut_off(conn: Connection, rng: random.Random) -> None:
    """Rows and their seals alike, as if they had never been."""
    last = rng.randint(1, LODGED - 1)
    conn.execute(delete(rows).where(rows.c.number > last))
    conn.execute(delete(chain).where(chain.c.number > last))
