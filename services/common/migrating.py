"""Brings a database to the version this software knows, or says why it does not fit.

The floor's tables are one alembic branch, each service's own another; a database is at the heads of both. Software that
is older than a database works on it for as long as it is served (services/common/served.py).
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, column, delete, insert, inspect, table, text

from services.common import served
from services.common.database import Database, DiskFull
from services.common.errors import TooMany

log = logging.getLogger(__name__)
FLOOR_VERSIONS = Path(__file__).parent / "migrations"
_PATIENCE_S = 600.0
# Whoever works on a table is waited for, but not long at a time: everybody else waits behind us.
_TRIES, _BETWEEN_TRIES_S = 20, 1.0
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

    Raises `WrongVersion` when the database does not serve this software, or would no longer serve who works on it.
    """
    config = configured(versions)
    with db.read() as conn:
        if _fits(conn, config):
            return False
    for tries_left in range(_TRIES - 1, 0, -1):
        try:
            return _migrated(db, config)
        except TooMany as busy:
            if isinstance(busy, DiskFull):
                raise
            log.info("database busy, will try again", extra={"tries_left": tries_left})
            time.sleep(_BETWEEN_TRIES_S)
    return _migrated(db, config)


def check(db: Database, versions: Path) -> None:
    """Raises `WrongVersion` unless the database serves this software: services do not migrate, `setup` does."""
    with db.read() as conn:
        if not _fits(conn, configured(versions)):
            raise WrongVersion(
                f"The database {_name(conn)} is older than this software. Nothing was changed; run the set-up step, "
                "which brings it up to date, then start again."
            )


@dataclass(frozen=True)
class Standing:
    """What `migrate` would do to a database."""

    versions_to_go: int
    # The software that last started on it can be started again afterwards.
    way_back: bool


def standing(db: Database, versions: Path) -> Standing:
    """Raises `WrongVersion` where the database does not serve this software."""
    config = configured(versions)
    with db.read() as conn:
        if _fits(conn, config):
            return Standing(0, True)
        scripts, found = ScriptDirectory.from_config(config), _found(conn)
        behind = served.leaves_behind(scripts, served.at_work(conn, found))
        return Standing(len(served.steps(scripts, found)), not behind)


def start(db: Database, versions: Path) -> None:
    """`check`, by a process that goes on to work on the database: whoever upgrades it looks at what runs there."""
    check(db, versions)
    heads = _heads(configured(versions))
    with db.write() as conn:
        if served.at_work(conn, set()) != heads:
            served.start(conn, heads)


def revisions(conn: Connection, versions: Path) -> set[str]:
    """The versions that this database is at, as this software knows them: its own newest, of a newer database."""
    return _heads(configured(versions)) if is_newer(conn, versions) else _found(conn) - {_RESTORING}


def is_newer(conn: Connection, versions: Path) -> bool:
    return bool(_found(conn) - {_RESTORING} - _known(configured(versions)))


def known(versions: Path) -> set[str]:
    """All versions that this software knows."""
    return _known(configured(versions))


def heads(versions: Path) -> set[str]:
    """Those that `migrate` ends at."""
    return _heads(configured(versions))


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
        _upgrade(conn, configured(versions), each)


def finish(conn: Connection, versions: Path) -> None:
    """Brings what `remake` made, and what was put in since, to this software's versions; the mark is on it again."""
    _upgrade(conn, configured(versions), "heads")
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


def _migrated(db: Database, config: Config) -> bool:
    with db.write(statement_timeout_s=_PATIENCE_S) as conn:
        if not db.sqlite:
            conn.execute(text("select pg_advisory_xact_lock(hashtext('fosse migrations'))"))
        # Another may have done it while we waited.
        if _fits(conn, config):
            return False
        scripts, at_work = ScriptDirectory.from_config(config), served.at_work(conn, _found(conn))
        if served.leaves_behind(scripts, at_work) and served.somebody_works_on(conn):
            raise WrongVersion(
                f"This upgrade leaves out a version: the software that works on the database {_name(conn)} cannot go "
                "on beside it. Nothing was changed. Make a backup, stop the node, then run the set-up step again; the "
                "older software does not start after it."
            )
        _upgrade(conn, config, "heads")
    return True


def _fits(conn: Connection, config: Config) -> bool:
    """False: it is older, and can be brought up to date. Raises `WrongVersion` where that is not so."""
    found, known = _found(conn), _known(config)
    if _RESTORING in found:
        raise WrongVersion(
            f"A backup was being restored into the database {_name(conn)}, and that did not come to its end. Nothing "
            "was changed; run the same restore again, until it says that it is done."
        )
    if found <= known:
        return found == _heads(config)
    if not served.is_served(conn, known):
        raise WrongVersion(
            f"The database {_name(conn)} was made by a newer Fosse than this one, and no longer serves it. Nothing was "
            "changed; start the newer software again, or restore a backup from before the upgrade."
        )
    return True


def _found(conn: Connection) -> set[str]:
    if not inspect(conn).has_table("alembic_version"):
        return set()
    return set(conn.scalars(text("select version_num from alembic_version")))


def _upgrade(conn: Connection, config: Config, to: str) -> None:
    config.attributes["connection"] = conn
    command.upgrade(config, to)
    if to == "heads":
        served.note(conn, ScriptDirectory.from_config(config))


def _heads(config: Config) -> set[str]:
    return set(ScriptDirectory.from_config(config).get_heads())


def _known(config: Config) -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}


def _name(conn: Connection) -> str:
    return conn.engine.url.database or ""


def configured(versions: Path) -> Config:
    """For alembic, which needs the connection among the attributes too."""
    config = Config()
    config.set_main_option("script_location", str(FLOOR_VERSIONS))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"{FLOOR_VERSIONS / 'versions'}\n{versions / 'versions'}")
    return config
