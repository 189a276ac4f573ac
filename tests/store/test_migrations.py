"""The migrations make the very tables that the code believes in, the floor's among them."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from services.common import audit, audit_chain, facts, seen, served, timetable
from services.evaluation.store import tables as evaluation
from services.events.store import tables as events
from services.federation.store import tables as federation
from services.membership.store import tables as membership
from services.notification import store as notification
from services.resource.store import tables as resource
from tests.conftest import MakeDatabase

TABLES = {
    "membership": membership.METADATA,
    "events": events.METADATA,
    "resource": resource.METADATA,
    "federation": federation.metadata,
    "evaluation": evaluation.METADATA,
    "notification": notification.METADATA,
}
FLOOR = {
    table.metadata
    for table in (audit.audit, audit_chain.chain, facts.facts, seen.seen, served.oldest_served, timetable.timetable)
}


# SQLite does not tell what an index on lower(name) is made of; PostgreSQL does.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
@pytest.mark.parametrize("service", TABLES)
def test_the_migrations_make_the_tables_that_the_service_uses(make_database: MakeDatabase, service: str) -> None:
    believed = MetaData()
    for metadata in (TABLES[service], *FLOOR):
        for table in metadata.sorted_tables:
            table.to_metadata(believed)

    with make_database(service).read() as conn:
        found = compare_metadata(MigrationContext.configure(conn, opts={"compare_type": False}), believed)

    assert found == []
