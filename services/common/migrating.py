"""Brings a database to the version this software knows, or says why it does not fit.

The floor's tables are one alembic branch, each service's own another; a database is at the heads of both.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from services.common.database import Database

FLOOR_VERSIONS = Path(__file__).parent / "migrations"
_PATIENCE_S = 600.0


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


def _refuse_newer(found: set[str], config: Config, db: Database) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found - known:
        raise WrongVersion(
            f"The database {_name(db)} was made by a newer Fosse than this one. Nothing was changed; start the newer "
            "software again, or restore a backup from before the upgrade."
        )


def _found(conn: Connection) -> set[str]:
    if not inspect(conn).has_table("alembic_version"):
        return set()
    return set(conn.scalars(text("select version_num from alembic_version")))


def _name(db: Database) -> str:
    return db.engine.url.database or ""


def _config(versions: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FLOOR_VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{FLOOR_VERSIONS / 'versions'}\n{versions / 'versions'}")
    return config
