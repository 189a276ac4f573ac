"""Versions side by side: what a database that newer software made larger, or smaller, still serves."""

from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from services.common import migrating
from services.common.database import Database
from services.common.migrating import WrongVersion, check, migrate, versions_of
from services.common.served import oldest_served
from tests.conftest import MakeDatabase
from tests.databases import PostgresDatabases, open_database
from tests.newer import newer_versions, newest

COMMITTED = versions_of("events")
HEAD = newest(COMMITTED / "versions", "events")
NEXT = f"events_{int(HEAD[-4:]) + 1:04}"
ADDS = 'op.add_column("meeting", sa.Column("colour", sa.String(20)))'
# The release after may take away what nobody has used since the one before.
DROPS = f'serves = "{NEXT}"\n\nop.drop_column("meeting", "colour")'


@pytest.fixture
def expanded(tmp_path: Path) -> Path:
    """Migrations of the version after the committed one."""
    return newer_versions(tmp_path / "next", "events", ADDS)


@pytest.fixture
def contracted(tmp_path: Path, expanded: Path) -> Path:
    """Of the version after that."""
    return newer_versions(tmp_path / "after", "events", DROPS, base=expanded)


def test_older_software_goes_on_beside_an_expansion_and_starts_again_when_it_is_called_off(
    make_database: MakeDatabase, expanded: Path
) -> None:
    db = make_database("events")

    assert migrate(db, expanded)

    check(db, COMMITTED)
    assert not migrate(db, COMMITTED)
    check(db, expanded)
    assert columns(db) >= {"colour"}
    db.dispose()


def test_a_contraction_waits_for_the_upgrade_after_and_serves_the_version_before_it(
    make_database: MakeDatabase, expanded: Path, contracted: Path
) -> None:
    db = make_database("events")
    migrate(db, expanded)

    before = Database(db.url)
    with before.read():
        assert migrate(db, contracted)
    before.dispose()

    check(db, contracted)
    check(db, expanded)
    for starts in (check, migrate):
        with pytest.raises(WrongVersion, match="no longer serves it"):
            starts(db, COMMITTED)
    assert "colour" not in columns(db)
    db.dispose()


def test_an_upgrade_that_leaves_out_a_version_waits_until_nobody_works_there(
    make_database: MakeDatabase, contracted: Path
) -> None:
    db = make_database("events")
    if not db.sqlite:
        before = Database(db.url)
        with before.read(), pytest.raises(WrongVersion, match="leaves out a version"):
            migrate(db, contracted)
        before.dispose()
        check(db, COMMITTED)

    migrate(db, contracted)

    check(db, contracted)
    db.dispose()


def test_what_was_called_off_is_not_left_behind_by_the_upgrade_after(
    postgres_databases: PostgresDatabases, expanded: Path, contracted: Path
) -> None:
    db = open_database(postgres_databases, "events")
    before = Database(db.url)
    migrating.start(before, COMMITTED)
    migrate(db, expanded)

    with before.read(), pytest.raises(WrongVersion, match="leaves out a version"):
        migrate(db, contracted)
    migrating.start(before, expanded)
    with before.read():
        assert migrate(db, contracted)

    before.dispose()
    db.dispose()


def test_a_database_made_in_one_go_serves_the_same_as_one_that_was_brought_up(
    make_database: MakeDatabase, tmp_path: Path, expanded: Path
) -> None:
    grown, fresh = make_database("events"), Database(f"sqlite:///{tmp_path / 'fresh.db'}")
    migrate(grown, expanded)
    migrate(fresh, expanded)

    assert serves(grown) == serves(fresh) == {"events_0001", "floor_0001"}
    check(fresh, COMMITTED)
    fresh.dispose()
    grown.dispose()


def test_a_backup_by_the_older_software_says_the_versions_that_it_knows(
    make_database: MakeDatabase, expanded: Path
) -> None:
    db = make_database("events")
    with db.read() as conn:
        before = migrating.revisions(conn, COMMITTED)

    migrate(db, expanded)

    with db.read() as conn:
        assert migrating.revisions(conn, COMMITTED) == before
        assert migrating.is_newer(conn, COMMITTED) and not migrating.is_newer(conn, expanded)
    db.dispose()


def columns(db: Database) -> set[str]:
    with db.read() as conn:
        return {each["name"] for each in inspect(conn).get_columns("meeting")}


def serves(db: Database) -> set[str]:
    with db.read() as conn:
        return set(conn.scalars(select(oldest_served.c.revision)))
