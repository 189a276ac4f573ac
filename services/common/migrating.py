"""Brings a database to the version this software knows, or says why it does not fit.

The floor's tables are one alembic branch, each service's own another; a database is at the heads of both.
"""

from collections.abc import Iterable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, delete, insert, inspect, table, text

from services.common.database import Database

FLOOR_VERSIONS = Path(__file__).parent / "migrations"
_PATIENCE_S = 600.0
# Stands beside the versions while a backup is being restored into this database.
_RESTORING = "restoring"
_VERSIONS = table("alembic_version", column("version_num"))


class WrongVersion(Exception):
    """This software and this database do not fit together; the sentence says what to do."""


def versions_of(service: str) -> Path:
    """Where a service keeps its migrations."""
    return FLOOR_VERSIONS.parent.parent / service / "migrations"


def migrate(db: Database, versions: Path) -> bool:
    """Up to the heads, in one transaction: killed at any point, nothing has changed. False: there was nothing to do.

    Raises `WrongVersion` when the database is newer than this software.
    """
    config = _config(versions)
    with db.read() as conn:
        found = _found(conn)
    heads = set(ScriptDirectory.from_config(config).get_heads())
    if found == heads:
        return False
    _refuse_newer(found, config, db)
    with db.write(statement_timeout_s=_PATIENCE_S) as conn:
        if not db.sqlite:
            conn.execute(text("select pg_advisory_xact_lock(hashtext('fosse migrations'))"))
        config.attributes["connection"] = conn
        command.upgrade(config, "heads")
    return True


def check(db: Database, versions: Path) -> None:
    """Raises `WrongVersion` unless the database is at the heads: services do not migrate, `setup` does."""
    config = _config(versions)
    with db.read() as conn:
        found = _found(conn)
    _refuse_newer(found, config, db)
    if found != set(ScriptDirectory.from_config(config).get_heads()):
        raise WrongVersion(
            f"The database {_name(db)} is older than this software. Nothing was changed; run the set-up step, which "
            "brings it up to date, then start again."
        )


def revisions(conn: Connection) -> set[str]:
    """The versions that this database is at."""
    return _found(conn) - {_RESTORING}


def known(versions: Path) -> set[str]:
    """All versions that this software knows."""
    return _known(_config(versions))


def remake(conn: Connection, versions: Path, at: Iterable[str]) -> None:
    """Drops every table and makes those of the versions `at`, to be filled by whoever restores a backup."""
    sqlite = conn.dialect.name == "sqlite"
    if sqlite:
        # Until the end of the transaction, for the rows that are put in too.
        conn.execute(text("pragma defer_foreign_keys = on"))
    with_links = "" if sqlite else " cascade"
    for name in inspect(conn).get_table_names():
        conn.execute(text(f'drop table "{name}"{with_links}'))
    for each in sorted(at):
        _upgrade(conn, versions, each)


def finish(conn: Connection, versions: Path) -> None:
    """Brings what `remake` made, and what was put in since, to this software's versions; the mark is on it again."""
    _upgrade(conn, versions, "heads")
    conn.execute(insert(_VERSIONS).values(version_num=_RESTORING))


def is_being_restored(conn: Connection) -> bool:
    return _RESTORING in _found(conn)


def begin_restoring(conn: Connection) -> None:
    """From the end of this transaction on, nothing else starts on this database."""
    # In alembic's own form: the database may have no table yet.
    conn.execute(text("create table if not exists alembic_version (version_num varchar(32) primary key)"))
    if not is_being_restored(conn):
        conn.execute(insert(_VERSIONS).values(version_num=_RESTORING))


def end_restoring(conn: Connection) -> None:
    conn.execute(delete(_VERSIONS).where(_VERSIONS.c.version_num == _RESTORING))


def _refuse_newer(found: set[str], config: Config, db: Database) -> None:
    if _RESTORING in found:
        raise WrongVersion(
            f"A backup was being restored into the database {_name(db)}, and that did not come to its end. Nothing was "
            "changed; run the same restore again, until it says that it is done."
        )
    if found - _known(config):
        raise WrongVersion(
            f"The database {_name(db)} was made by a newer Fosse than this one. Nothing was changed; start the newer "
            "software again, or restore a backup from before the upgrade."
        )


def _found(conn: Connection) -> set[str]:
    if not inspect(conn).has_table("alembic_version"):
        return set()
    return set(conn.scalars(text("select version_num from alembic_version")))


def _upgrade(conn: Connection, versions: Path, to: str) -> None:
    config = _config(versions)
    config.attributes["connection"] = conn
    command.upgrade(config, to)


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _name(db: Database) -> str:
    return db.engine.url.database or ""


def _config(versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FLOOR_VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{FLOOR_VERSIONS / 'versions'}\n{versions / 'versions'}")
    return config
