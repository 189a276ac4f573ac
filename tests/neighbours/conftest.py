"""A region for each test."""

from collections.abc import Iterator

import pytest

from tests.databases import SqliteDatabases
from tests.neighbours.region import Region, a_region


@pytest.fixture
def region(sqlite_databases: SqliteDatabases) -> Iterator[Region]:
    with a_region(sqlite_databases) as region:
        yield region
