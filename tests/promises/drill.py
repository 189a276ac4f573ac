"""A county of the demo that was backed up, places to restore it to, and what each of them holds."""

import hashlib
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text

from services.common.clock import utc_now
from services.common.database import Database
from services.common.migrating import versions_of
from services.node.backup import places, restoring
from services.node.backup.places import TABLES, Place, tables_of
from services.node.demo import world as worlds
from services.node.demo.documents import Documents
from services.node.demo.load import Loader
from services.node.demo.world import World
from tests.databases import PostgresDatabases
from tests.running_nodes import a_running_node

MEETINGS, RESOURCES = 3, 8
Held = Mapping[str, list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Drill:
    """A county of the demo, stopped, and its backup."""

    place: Place
    file: Path
    identity: Any


def a_demo_county(data: Path) -> None:
    """Played in by people of the demo: members, meetings with places and minutes, leaflets with files."""
    world = a_part_of(worlds.load(date.today()))
    with a_running_node(data, world.county("notts")) as node:
        Loader(world, node, Documents(data.parent / "documents"), lambda _: None).load()


def a_part_of(world: World) -> World:
    """Enough for a row in most tables; people sign in where something of theirs is left."""
    meetings = [each for each in world.meetings if each.node == "notts"][:MEETINGS]
    return replace(world, meetings=meetings, resources=world.resources_of("notts")[:RESOURCES])


@contextmanager
def an_empty_place(onto: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    folder.mkdir()
    if onto == "embedded":
        yield places.embedded(folder, "notts")
        return
    server: PostgresDatabases = request.getfixturevalue("postgres_databases")
    databases = {service: server.new_url(versions_of(service)) for service in TABLES}
    yield Place("notts", databases, {service: folder / service for service in places.FILES})


def restored(drill: Drill, place: Place) -> float:
    """Seconds it took."""
    began = time.monotonic()
    with restoring.opened(drill.file) as file:
        contents = restoring.read(file, drill.identity)
        restoring.restore(file, drill.identity, contents, place, utc_now())
    return time.monotonic() - began


@contextmanager
def opened(place: Place) -> Iterator[Mapping[str, Database]]:
    found = {service: Database(url, statement_timeout_s=60) for service, url in place.databases.items()}
    yield found
    for db in found.values():
        db.dispose()


def rows_of(place: Place) -> Held:
    """Of every table that the databases have, whether or not anybody thought of it."""
    held: dict[str, list[tuple[Any, ...]]] = {}
    with opened(place) as databases:
        for service, db in databases.items():
            known = {table.name: table for table in tables_of(service)}
            with db.read() as conn:
                for name in set(inspect(conn).get_table_names()) - {"fact_generations", "last_started"}:
                    table = known.get(name)
                    found = select(table) if table is not None else text(f"select * from {name}")
                    held[f"{service}.{name}"] = sorted(map(_comparable, conn.execute(found).mappings()))
    return held


def _comparable(row: Mapping[Any, Any]) -> tuple[str, ...]:
    """Without what belongs to one database: numbers of transactions, and what was sent to its Kafka."""
    return tuple(f"{name}={value!r}" for name, value in row.items() if name not in {"tx", "sent_to"})


def files_of(place: Place) -> Mapping[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in place.files()}


def differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
