"""What stands in the way of an upgrade, each with what to do."""

import dataclasses
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from services.node import upgrading
from services.node.backup.places import STAMP
from services.node.upgrading import Upgrade
from tests.promises.planted import planted

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def node(tmp_path: Path) -> Upgrade:
    """Of databases that are still to be made; its backup is an hour old."""
    (tmp_path / "backups").mkdir()
    made = upgrading.embedded(tmp_path, "notts", tmp_path / "backups")
    back_up(made, NOW - timedelta(hours=1))
    return made


def back_up(node: Upgrade, at: datetime) -> None:
    assert node.backups
    for old in node.backups.glob("notts-*"):
        old.unlink()
    (node.backups / f"notts-{at:{STAMP}}.age").write_bytes(b"age")
    (node.backups / f"derbys-{NOW:{STAMP}}.age").write_bytes(b"age")


def found(node: Upgrade) -> list[str]:
    return [each.sentence for each in upgrading.problems(node, NOW)]


def test_nothing_stands_in_the_way_of_a_node_with_a_backup_of_today_and_room(node: Upgrade) -> None:
    assert found(node) == []


def test_a_backup_of_yesterday_and_one_of_another_node_are_not_enough(node: Upgrade) -> None:
    back_up(node, NOW - timedelta(days=1, minutes=1))
    assert found(node) == ["The newest backup of notts is of 22 November 2026, 08:59 UTC. Make one first."]
    assert found(dataclasses.replace(node, node="leics")) == ["There is no backup of leics. Make one first."]
    assert found(dataclasses.replace(node, backups=None)) == [
        "Say with --backups in which folder the backups of this node are."
    ]


def test_a_backup_of_the_future_and_an_empty_one_do_not_count(node: Upgrade) -> None:
    assert node.backups
    back_up(node, NOW + timedelta(minutes=6))
    (node.backups / f"notts-{NOW:{STAMP}}.age").touch()
    (node.backups / "notts-20269999T999999Z.age").write_bytes(b"age")

    assert found(node) == [
        "There is no backup of notts. Not counted, since empty or of no time that has been: "
        "notts-20261123T090000Z.age, notts-20261123T090600Z.age, notts-20269999T999999Z.age. Make one first."
    ]


def test_a_disk_without_room_is_named_with_what_may_be_needed(node: Upgrade) -> None:
    with planted((shutil, "disk_usage", lambda _: SimpleNamespace(free=10**8))):
        [sentence] = found(node)

    assert sentence.startswith("0.1 GB are free") and "0.5 GB may be needed" in sentence
