"""`fosse upgrade` of an embedded node, as its operator types it at the next version of the software."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.node.cli import fosse
from services.node.demo.region import RunningNode
from tests.machine import environment
from tests.newer import a_newer_tree, newest
from tests.rules.tree import ROOT
from tests.running_nodes import a_running_node

HEAD = newest(ROOT / "services" / "events" / "migrations" / "versions", "events")
ADDS = {
    "floor": 'op.add_column("facts", sa.Column("hint", sa.String(20)))\n'
    'op.create_table("shades", sa.Column("id", sa.String(64), primary_key=True))'
}
COLOURS = {"events": 'op.add_column("meeting", sa.Column("colour", sa.Text))'}
LEAVES_OUT = {"events": f'serves = "events_{int(HEAD[-4:]) + 1:04}"\n\nop.drop_column("meeting", "colour")'}


@dataclass(frozen=True)
class World:
    node: RunningNode
    # The next version, and one that comes two after the committed one.
    newer: Path
    newest: Path
    backups: Path
    recipient: str

    def upgrade(self, tree: Path, *words: str) -> "subprocess.CompletedProcess[str]":
        """By the `fosse` of another version."""
        command = [sys.executable, "-m", "services.node", "upgrade", "--data", str(self.node.folder.path), *words]
        paths = environment(PYTHONPATH=f"{tree}:{tree / 'protos'}")
        return subprocess.run(command, cwd=tree, env=paths, capture_output=True, text=True)

    def back_up(self) -> None:
        where = ["--data", str(self.node.folder.path), "--to", str(self.backups), "--recipient", self.recipient]
        done = CliRunner().invoke(fosse, ["backup", *where])
        assert done.exit_code == 0, done.output


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    newer = a_newer_tree(tmp_path / "newer", ADDS)
    two_after = a_newer_tree(tmp_path / "expanded", COLOURS)
    two_after = a_newer_tree(tmp_path / "newest", LEAVES_OUT, base=two_after)
    (tmp_path / "backups").mkdir()
    key = CliRunner().invoke(fosse, ["backup", "key", str(tmp_path / "key")])
    with a_running_node(tmp_path / "n") as node:
        yield World(node, newer, two_after, tmp_path / "backups", key.output.strip())


def test_a_node_is_upgraded_after_a_look_and_called_off_by_starting_the_older_software(world: World) -> None:
    looked_at = ("--check", "--backups", str(world.backups))
    without_backup = world.upgrade(world.newer, *looked_at)
    assert without_backup.returncode == 1
    assert "There is no backup of notts. Make one first." in without_backup.stderr

    world.back_up()
    check = world.upgrade(world.newer, *looked_at)
    assert check.returncode == 0, check.stderr
    assert "events: 1 to do" in check.stdout and "It can be called off" in check.stdout
    assert "Nothing was changed" in check.stdout
    at_work = world.upgrade(world.newer, *looked_at[1:])
    assert at_work.returncode == 1 and "is in use by process" in at_work.stderr

    world.node.ask_to_stop()
    world.node.wait_until_stopped()
    done = world.upgrade(world.newer, *looked_at[1:])
    assert done.returncode == 0 and "events: done" in done.stdout and "gateway: done" in done.stdout
    assert "All databases are up to date" in world.upgrade(world.newer, *looked_at).stdout

    world.node.start()
    world.node.wait_until_ready()
    world.back_up()


def test_an_upgrade_that_leaves_out_a_version_says_that_there_is_no_way_back(world: World) -> None:
    world.back_up()

    check = world.upgrade(world.newest, "--check", "--backups", str(world.backups))

    assert check.returncode == 0, check.stderr
    assert "There is no way back but a backup" in check.stdout and "events: 2 to do" in check.stdout
