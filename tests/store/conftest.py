"""Fixtures of the tests that use real databases."""

from collections.abc import Callable
from pathlib import Path

import pytest

from services.common.database import Database
from tests.conftest import MakeDatabase


@pytest.fixture(scope="session")
def no_service(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of migrations with nothing in it: only the floor's tables are made."""
    folder = tmp_path_factory.mktemp("no-service")
    (folder / "versions").mkdir()
    return folder


@pytest.fixture
def make_floor(make_database: MakeDatabase, no_service: Path) -> Callable[[], Database]:
    return lambda: make_database(no_service)


@pytest.fixture
def db(make_floor: Callable[[], Database]) -> Database:
    """A database with the floor's tables, on SQLite and on PostgreSQL."""
    return make_floor()
