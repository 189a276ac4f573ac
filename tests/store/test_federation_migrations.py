"""The migrations make the very tables that the code believes in."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.federation.store.tables import metadata
from tests.conftest import MakeDatabase


def test_the_migrations_make_the_tables_that_federation_uses(make_database: MakeDatabase) -> None:
    with make_database("federation").read() as conn:
        found = compare_metadata(MigrationContext.configure(conn, opts={"compare_type": False}), metadata)

    own = set(metadata.tables)
    assert [change for change in found if change[0] != "remove_table" and change[0] != "remove_index"] == []
    assert not own & {change[1].name for change in found if change[0] == "remove_table"}
