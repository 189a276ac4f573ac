"""Promise 15: a migration that is killed anywhere leaves a database that the next one brings up to date."""

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from sqlalchemy import Boolean, Connection, Date, DateTime, LargeBinary, MetaData, Numeric, Table, inspect, select, text
from sqlalchemy.types import Integer, TypeEngine

import gateway.app
from services.common import migrating
from services.common.database import Database
from services.common.migrating import versions_of
from services.common.topics import SERVICES
from tests import machine
from tests.promises.migrated import NO_TRANSACTION, Job
from tests.promises.promise import promise

SEED = 15
POINTS = 50 if machine.FULL else 12
PLANTED_POINTS = 3
ROWS = 3
VERSIONS: Mapping[str, Path] = {
    **{name: versions_of(name) for name in SERVICES},
    "gateway": gateway.app.MIGRATIONS,
}
STILL_TO_BE_MADE = ("resource", "evaluation")
pytestmark = [
    pytest.mark.timeout(900),
    # An index on lower(name) cannot be reflected on SQLite; whether it is there, the schema's own words say.
    pytest.mark.filterwarnings("ignore:.*expression-based index"),
]
State = Mapping[str, Sequence[tuple[Any, ...]]]
NewUrl = Callable[[], str]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "on" in metafunc.fixturenames:
        metafunc.parametrize("on", ["embedded", pytest.param("stack", marks=pytest.mark.xdist_group("postgres"))])


@dataclasses.dataclass(frozen=True)
class Before:
    """A database before its upgrade: of the first version, with rows, or still to be made."""

    name: str
    db: Database
    rows: State

    def job(self, **how: Any) -> Job:
        return Job({self.db.url: str(VERSIONS[self.name])}, **how)


@pytest.fixture
def new_url(on: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewUrl:
    if on == "stack":
        return request.getfixturevalue("postgres_databases").empty_url  # type: ignore[no-any-return]  # a fixture
    numbers = iter(range(10_000))
    return lambda: f"sqlite:///{tmp_path / f'{next(numbers)}.db'}"


def test_a_migration_that_is_killed_anywhere_is_started_again_and_everything_is_there(on: str, new_url: NewUrl) -> None:
    whole = [before_its_upgrade(name, new_url) for name in VERSIONS]
    done = migrated(Job({each.db.url: str(VERSIONS[each.name]) for each in whole}))
    statements = dict(zip(VERSIONS, json.loads(done.stdout), strict=True))
    goal = {each.name: schema(each.db) for each in whole}

    killed, faults = 0, list[str]()
    for name, die_at in spread(POINTS, statements):
        before = before_its_upgrade(name, new_url)
        killed += migrated(before.job(die_at=die_at)).returncode == -9
        if fault := fault_of(before, goal[name]):
            faults.append(f"{name} at {die_at}: {fault}")
    # Where each statement makes a table or an index, so that one without its transaction leaves half a schema.
    made_whole = {name: statements[name] for name in STILL_TO_BE_MADE}
    caught = sum(planted_is_caught(new_url, goal, *point) for point in spread(PLANTED_POINTS, made_whole))

    rows = sum(len(rows) for each in whole for rows in each.rows.values())
    figures = f"killed={killed} statements={sum(statements.values())} databases={len(VERSIONS)} rows={rows} "
    figures += f"unusable={len(faults)} planted[{NO_TRANSACTION}]={caught}/{PLANTED_POINTS} {faults or ''}"
    kept = (killed, faults) == (POINTS, []) and caught > 0 and rows > 100
    promise(15, on, "killed migrations", kept, figures.strip(), SEED)


def planted_is_caught(new_url: NewUrl, goal: Mapping[str, State], name: str, die_at: int) -> int:
    before = before_its_upgrade(name, new_url)
    migrated(before.job(die_at=die_at, bug=NO_TRANSACTION))
    return int(bool(fault_of(before, goal[name])))


def spread(points: int, statements: Mapping[str, int]) -> list[tuple[str, int]]:
    """Evenly over all statements of all databases."""
    every = [(name, number) for name, count in statements.items() for number in range(1, count + 1)]
    return [every[(2 * each + 1) * len(every) // (2 * points)] for each in range(points)]


def migrated(job: Job) -> "subprocess.CompletedProcess[str]":
    told = json.dumps(dataclasses.asdict(job))
    command = [sys.executable, "-m", "tests.promises.migrated", told]
    return subprocess.run(command, env=machine.environment(), capture_output=True, text=True, timeout=120)


def before_its_upgrade(name: str, new_url: NewUrl) -> Before:
    db = Database(new_url())
    with db.write(statement_timeout_s=60) as conn:
        if name not in STILL_TO_BE_MADE:
            made_first(conn, VERSIONS[name])
            fill(conn)
        rows = held(conn)
    db.dispose()
    return Before(name, db, rows)


def made_first(conn: Connection, versions: Path) -> None:
    config = migrating.configured(versions)
    config.attributes["connection"] = conn
    for branch in ("floor", versions.parent.name):
        command.upgrade(config, f"{branch}_0001")


def fill(conn: Connection) -> None:
    """Rows in every table; the nth names the nth of the tables it hangs on."""
    for table in tables(conn):
        if table.name != "alembic_version":
            rows = [{each.name: value(each.type, number) for each in table.columns} for number in range(1, ROWS + 1)]
            conn.execute(table.insert(), rows)


def value(kind: TypeEngine[Any], number: int) -> Any:
    for one, made in (
        (Boolean, number % 2 == 0),
        (Integer, number),
        (Numeric, number),
        (DateTime, datetime(2026, 11, number, tzinfo=UTC)),
        (Date, date(2026, 11, number)),
        (LargeBinary, bytes([number])),
    ):
        if isinstance(kind, one):
            return made
    return str(number)


def tables(conn: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(conn)
    return found.sorted_tables


def held(conn: Connection) -> State:
    return {each.name: rows_of(conn, each) for each in tables(conn) if each.name != "alembic_version"}


def rows_of(conn: Connection, table: Table) -> Sequence[tuple[Any, ...]]:
    return sorted((tuple(row) for row in conn.execute(select(table))), key=repr)


def fault_of(before: Before, goal: State) -> str:
    """What the next migration cannot mend, or what is not as if nothing had happened."""
    db, versions = before.db, VERSIONS[before.name]
    try:
        migrating.migrate(db, versions)
        migrating.check(db, versions)
        if schema(db) != goal:
            return "another schema"
        with db.read() as conn:
            return "" if all(kept(conn, *each) for each in before.rows.items()) else "lost rows"
    except Exception as error:  # whatever a half-made database answers
        return type(error).__name__
    finally:
        db.dispose()


def kept(conn: Connection, name: str, before: Sequence[tuple[Any, ...]]) -> bool:
    """The columns of before hold what they held; those that came since stand at the end."""
    now = rows_of(conn, Table(name, MetaData(), autoload_with=conn))
    width = len(before[0])
    return sorted((row[:width] for row in now), key=repr) == list(before)


def schema(db: Database) -> State:
    """Everything that a schema is made of, in the database's own words."""
    with db.read() as conn:
        if db.sqlite:
            found = conn.execute(text("select name, type, tbl_name, sql from sqlite_master order by name"))
            return {"sqlite": [tuple(row) for row in found]}
        names = sorted(inspect(conn).get_table_names())
        return {name: [*_columns(conn, name), *_attached(conn, name)] for name in names}


def _columns(conn: Connection, table: str) -> list[tuple[Any, ...]]:
    asked = (
        "select column_name, data_type, character_maximum_length, is_nullable, column_default "
        "from information_schema.columns where table_name = :name order by ordinal_position"
    )
    return [tuple(row) for row in conn.execute(text(asked), {"name": table})]


def _attached(conn: Connection, table: str) -> list[tuple[Any, ...]]:
    asked = (
        "select indexdef from pg_indexes where tablename = :name union all "
        "select conname || ' ' || pg_get_constraintdef(oid) from pg_constraint where conrelid = cast(:name as regclass)"
    )
    return sorted(tuple(row) for row in conn.execute(text(asked), {"name": table}))
