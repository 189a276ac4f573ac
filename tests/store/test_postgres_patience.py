"""How long PostgreSQL is waited for: as long as a statement may take, and no longer than it says nothing."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, text

from services.common.database import Database
from tests.databases import PostgresDatabases

pytestmark = pytest.mark.xdist_group("postgres")
# With a little, longer than the hasty database waits.
LONG_S = 4.0


@pytest.fixture
def hasty(postgres_databases: PostgresDatabases) -> Iterator[Database]:
    database = Database(postgres_databases.empty_url(), statement_timeout_s=0.2)
    yield database
    database.dispose()


def patience_of(conn: Connection) -> float:
    return float(getattr(conn.connection.dbapi_connection, "patience_s", 0))


def test_a_statement_that_may_take_long_is_waited_for_and_the_next_is_not(hasty: Database) -> None:
    with hasty.write(statement_timeout_s=10) as conn:
        conn.execute(text("select pg_sleep(:long)"), {"long": LONG_S})
        longer = patience_of(conn)

    with hasty.read() as conn:
        assert patience_of(conn) < LONG_S < longer, "the same connection, as impatient as ever"


def test_many_answers_may_take_longer_together_than_one(hasty: Database) -> None:
    steps = 40

    with hasty.read() as conn:
        conn.execute(text("select pg_sleep(:short)"), [{"short": LONG_S / steps}] * steps)
