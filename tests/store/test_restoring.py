"""What a restore makes of a backup that is older than the software, and of rows that name each other."""

import json
from pathlib import Path

import pytest
from sqlalchemy import inspect, select

from services.common.clock import utc_now
from services.common.migrating import check, versions_of
from services.membership.store.tables import members, organisations
from services.node.backup import archive, restoring
from services.node.backup.archive import member
from services.node.backup.places import Place
from tests.conftest import MakeDatabase

ORGANISATIONS = {
    "columns": {"id": "text", "name": "text", "type": "text", "valid_to": "date", "succeeded_by": "text"},
    "numbered": "",
    "highest": 0,
}
# The first names the second, which comes after it.
ROWS = [["1", "Oak House", "care home", "2026-03-31", "2"], ["2", "Elm House", "care home", None, None]]
ABOUT = {
    "format": 1,
    "node": "notts",
    "made_at": "2026-11-23T09:00:00+00:00",
    "schema": {"membership": ["floor_0001", "membership_0003"]},
    "tables": {"membership": {"organisations": ORGANISATIONS}},
}


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A backup of before members had a day on which they joined."""
    content, recipient = archive.new_key()
    (tmp_path / "key").write_bytes(content)
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in ROWS)
    members_of_it = [
        member(archive.ABOUT, json.dumps(ABOUT).encode()),
        member("rows/membership/organisations/000001", lines),
    ]
    with (tmp_path / "older.age").open("wb") as out:
        archive.encrypt(members_of_it, {"membership.organisations": len(ROWS)}, recipient, out)
    return tmp_path / "older.age"


def test_a_backup_that_is_older_than_the_software_is_brought_up_to_date(
    make_database: MakeDatabase, older: Path
) -> None:
    db = make_database("membership")
    identity = archive.identity_of(older.with_name("key"))

    with restoring.opened(older) as file:
        contents = restoring.read(file, identity, ["membership"])
        restoring.restore(file, identity, contents, Place("notts", {"membership": db.url}), utc_now())

    check(db, versions_of("membership"))
    with db.read() as conn:
        found = conn.execute(select(organisations.c.id, organisations.c.succeeded_by).order_by(organisations.c.id))
        assert list(map(tuple, found)) == [("1", "2"), ("2", None)]
        assert "joined_on" in {each["name"] for each in inspect(conn).get_columns(members.name)}
