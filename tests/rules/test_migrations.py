"""Migrations let the version before go on, and each way not to is found out."""

from pathlib import Path

import pytest

from tests.rules import migrations
from tests.rules.tree import ROOT, plant

AT = "services/events/migrations/versions"
FIRST = 'revision = "events_0001"\ndown_revision = None\n'
SECOND = 'revision = "events_0002"\ndown_revision = "events_0001"\n'


def test_expansions_only_add_and_contractions_serve_an_earlier_version() -> None:
    assert migrations.narrowing_expansions(ROOT) == []
    assert migrations.wrongly_served(ROOT) == []


@pytest.mark.parametrize(
    "line",
    [
        'op.drop_column("meeting", "venue")',
        'op.rename_table("meeting", "meetings")',
        'op.alter_column("meeting", "venue", new_column_name="place")',
        'op.execute("delete from meeting")',
        'op.create_unique_constraint("one", "meeting", ["day"])',
        'op.create_index("one", "meeting", ["day"], unique=True)',
        'op.add_column("meeting", sa.Column("colour", sa.Text, nullable=False))',
        'op.add_column("meeting", sa.Column("colour", sa.Text, unique=True))',
        'op.add_column("meeting", colour)',
    ],
)
def test_an_expansion_that_older_software_would_stumble_over_is_found_out(line: str, tmp_path: Path) -> None:
    expansion = f"{SECOND}def upgrade():\n    {line}\n"

    assert len(migrations.narrowing_expansions(plant(tmp_path, f"{AT}/events_0002.py", expansion))) == 1
    said = expansion.replace("def ", 'serves = "events_0001"\ndef ')
    assert migrations.narrowing_expansions(plant(tmp_path, f"{AT}/events_0002.py", said)) == []


@pytest.mark.parametrize(("serves", "faults"), [("events_0001", 0), ("events_0002", 1), ("resource_0001", 1)])
def test_a_contraction_that_serves_no_version_before_it_is_found_out(serves: str, faults: int, tmp_path: Path) -> None:
    plant(tmp_path, f"{AT}/events_0001.py", FIRST)
    plant(tmp_path, f"{AT}/events_0002.py", f'{SECOND}serves = "{serves}"\n')

    assert len(migrations.wrongly_served(tmp_path)) == faults
