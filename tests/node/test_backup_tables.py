"""A backup is whole or is not made: tables that it would not hold are named to the operator."""

from pathlib import Path

import pytest
from sqlalchemy import text

from services.common.clock import utc_now
from services.common.database import Database
from services.common.errors import Conflict
from services.common.migrating import versions_of
from services.node.backup import archive, saving
from services.node.backup.places import Place
from tests.databases import SqliteDatabases


@pytest.mark.parametrize(
    ("by_hand", "said"),
    [
        ('create table "our notes" (words text)', r"of events has tables .* leave out: our notes\. No backup was"),
        ("drop table attendance", r"of events lacks tables: attendance\. No backup was written"),
    ],
)
def test_tables_that_no_backup_would_hold_are_named_and_nothing_is_written(
    by_hand: str, said: str, tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    url = sqlite_databases.new_url(versions_of("events"))
    db = Database(url)
    with db.write() as conn:
        conn.execute(text(by_hand))
    db.dispose()
    _, recipient = archive.new_key()

    with pytest.raises(Conflict, match=said):
        saving.save(Place("notts", {"events": url}, {}), tmp_path / "new.age", recipient, utc_now())

    assert list(tmp_path.glob("*new*")) == []
