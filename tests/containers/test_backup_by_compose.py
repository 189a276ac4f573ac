"""The compose file's backup and restore: an embedded county moves onto an empty stack, and is backed up from there."""

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.node.cli import fosse
from tests import images, machine
from tests.composed import Compose, Done, in_one_line
from tests.running_nodes import a_running_node

pytestmark = [pytest.mark.xdist_group("compose"), pytest.mark.timeout(900)]
# Who the image runs as.
FOSSE = 10001


@dataclass(frozen=True)
class Stack:
    """Of which nothing but the databases ever runs; `backups` is the folder on this machine."""

    compose: Compose
    backups: Path
    key: bytes

    def backup(self) -> Done:
        return self.compose("run", "--rm", "-T", "backup")

    def restore(self, file: str) -> Done:
        command = ["docker", "compose", "-p", self.compose.project, "run", "--rm", "-T", "restore", f"/backups/{file}"]
        done = subprocess.run(
            command, cwd=machine.ROOT, env=machine.environment(**self.compose.settings), input=self.key,
            capture_output=True, timeout=300,
        )  # fmt: skip
        return Done(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    images.need_builder()
    machine.need_containers(machine.POSTGRES_IMAGE)
    folder = tmp_path_factory.mktemp("c")
    recipient = an_embedded_county_backed_up(folder)
    settings = {
        "FOSSE_SLUG": "notts",
        "FOSSE_IMAGE": images.built(),
        "POSTGRES_IMAGE": machine.POSTGRES_IMAGE,
        "FOSSE_BACKUPS": str(folder / "backups"),
        "FOSSE_BACKUP_RECIPIENT": recipient,
    }
    made = Compose(f"fosse-tested-{secrets.token_hex(4)}", "", settings)
    try:
        yield Stack(made, folder / "backups", (folder / "notts.key").read_bytes())
    finally:
        made("--profile", "operator", "down", "--volumes", "--timeout", "5")


def an_embedded_county_backed_up(folder: Path) -> str:
    """Into `folder / "backups"`, which belongs to whom the image runs as; returns the recipient."""
    backups = folder / "backups"
    backups.mkdir(mode=0o700)
    with a_running_node(folder / "notts"):
        recipient = typed("backup", "key", folder / "notts.key").strip()
        typed("backup", "--data", folder / "notts", "--to", backups / "embedded.age", "--recipient", recipient)
    owned = f"chown -R {FOSSE} /backups"
    given = images.docker(
        "run", "--rm", "-u", "0", "--entrypoint", "sh", "-v", f"{backups}:/backups", images.built(), "-c", owned
    )
    assert given.returncode == 0, given.stderr
    return recipient


def typed(*words: object) -> str:
    result = CliRunner().invoke(fosse, [str(each) for each in words])
    assert result.exit_code == 0, result.output
    return result.output


def test_an_embedded_county_moves_onto_an_empty_stack_and_is_backed_up_there(stack: Stack) -> None:
    restored = stack.restore("embedded.age")
    assert restored.returncode == 0, in_one_line(restored)
    assert "Restored" in restored.stdout and "RTO" in restored.stdout

    again = stack.restore("embedded.age")
    assert again.returncode == 1 and "not empty" in again.stderr

    backed_up = stack.backup()
    assert backed_up.returncode == 0 and "/backups/notts-" in backed_up.stdout, in_one_line(backed_up)
    rows = restored.stdout.split("Restored: ")[1].split(" rows")[0]
    assert int(backed_up.stdout.split(": ")[1].split(" rows")[0]) == int(rows) + 6, (
        "and each service told its facts anew"
    )


def test_the_next_version_looks_at_the_stack_before_it_changes_anything(stack: Stack) -> None:
    made = stack.compose("run", "--rm", "-T", "databases", timeout_s=300)
    assert made.returncode == 0, in_one_line(made)

    looked = stack.compose("run", "--rm", "-T", "upgrade", "--check")

    assert "All databases are up to date" in looked.stdout, in_one_line(looked)
    # Nothing but the databases runs here, and somebody ought to know before an upgrade.
    assert looked.returncode == 1 and "does not answer" in looked.stderr
