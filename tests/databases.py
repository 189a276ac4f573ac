"""Fresh, migrated databases for tests: each is a copy of a template that is migrated once per run."""

import itertools
import shutil
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from services.common.database import Database
from services.common.migrating import migrate, versions_of

_numbers = itertools.count(1)


class SqliteDatabases:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._templates: dict[Path, Path] = {}

    def new_url(self, versions: Path) -> str:
        if versions not in self._templates:
            template = self._folder / f"template{len(self._templates)}.db"
            _migrate(f"sqlite:///{template}", versions)
            self._templates[versions] = template
        copy = self._folder / f"database{next(_numbers)}.db"
        shutil.copy(self._templates[versions], copy)
        return f"sqlite:///{copy}"


class PostgresDatabases:
    def __init__(self, server_url: str) -> None:
        self._server = make_url(server_url)
        self._templates: dict[Path, str] = {}

    def new_url(self, versions: Path) -> str:
        if versions not in self._templates:
            template = f"template_{len(self._templates)}"
            self._run(f"CREATE DATABASE {template}")
            _migrate(self._url(template), versions)
            self._templates[versions] = template
        name = f"test_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self._templates[versions]}")
        return self._url(name)

    def empty_url(self) -> str:
        """A database without any table, as an operator makes it."""
        name = f"test_{next(_numbers)}"
        self._run(f"CREATE DATABASE {name}")
        return self._url(name)

    def _url(self, name: str) -> str:
        return self._server.set(database=name).render_as_string(hide_password=False)

    def _run(self, statement: str) -> None:
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as conn:
            conn.execute(text(statement))
        engine.dispose()


Databases = SqliteDatabases | PostgresDatabases


def open_database(databases: Databases, versions: Path | str) -> Database:
    """A service's name stands for its folder of migrations."""
    return Database(databases.new_url(versions_of(versions) if isinstance(versions, str) else versions))


def _migrate(url: str, versions: Path) -> None:
    database = Database(url)
    migrate(database, versions)
    database.dispose()
