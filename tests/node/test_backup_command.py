"""`fosse backup` and `fosse restore` of an embedded node, as its operator types them."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fosse.federation.v1 import federation_pb2
from fosse.membership.v1 import membership_pb2 as pb
from services.common import topics
from services.node import calling
from services.node.backup.places import embedded
from services.node.cli import fosse
from services.node.demo.region import RunningNode
from tests.machine import environment
from tests.promises.planted import planted
from tests.running_nodes import a_running_node
from tests.unit.membership.people import CARE_HOMES
from tests.waiting import until

# Made anew at the next start, or of this machine only.
LEFT_OUT = {"gateway.db", "keys/gateway.key", "gateway.env", "node.holder", "node.lock", "node.log"}


def typed(*words: object) -> Result:
    return CliRunner().invoke(fosse, [str(each) for each in words])


def done(*words: object) -> str:
    result = typed(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: object) -> str:
    result = typed(*words)
    assert result.exit_code == 1, result.output
    return result.output


@dataclass(frozen=True)
class BackedUp:
    """A node that went on running, its backup, and the key that opens it."""

    node: RunningNode
    file: Path
    key: Path
    recipient: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BackedUp]:
    folder = tmp_path_factory.mktemp("backups")
    with a_running_node(tmp_path_factory.mktemp("n")) as node:
        with calling.running(node.folder.path) as running:
            running.membership.PutCommunity(pb.PutCommunityRequest(id=CARE_HOMES, name="Care homes"))
        recipient = done("backup", "key", folder / "notts.key").strip()
        file = folder / "notts.age"
        assert "rows" in done("backup", "--data", node.folder.path, "--to", file, "--recipient", recipient)
        yield BackedUp(node, file, folder / "notts.key", recipient)


def node_id(node: RunningNode) -> str:
    with calling.running(node.folder.path) as running:
        return running.federation.GetFederationStatus(federation_pb2.GetFederationStatusRequest()).node_id


def test_a_restored_node_starts_as_the_same_node(made: BackedUp, tmp_path: Path) -> None:
    data = tmp_path / "notts"

    said = done("restore", made.file, "--identity", made.key, "--data", data)

    assert "RPO" in said and "RTO" in said
    with a_running_node(data) as again:
        assert node_id(again) == node_id(made.node)
        with calling.running(data) as running:
            found = running.membership.ListCommunities(pb.ListCommunitiesRequest())
        assert [each.name for each in found.communities] == ["Care homes"]
        assert "All is well" in done("doctor", "--data", data)


def test_every_file_of_a_node_is_backed_up_or_left_out_on_purpose(made: BackedUp) -> None:
    data = made.node.folder.path
    kept = {path for _, path in embedded(data, "notts").files()}

    others = {path.relative_to(data).as_posix() for path in data.rglob("*") if path.is_file() and path not in kept}

    services = {f"{name}.db{end}" for name in topics.SERVICES for end in ("", "-wal", "-shm")}
    derived = {each for each in others if each.startswith(("index/", "gateway.db-"))}
    assert others - services - derived == LEFT_OUT


def test_a_backup_is_for_its_owner_alone_and_holds_nothing_in_clear(made: BackedUp) -> None:
    content = made.file.read_bytes()

    assert {each.stat().st_mode & 0o777 for each in (made.file, made.key)} == {0o600}
    assert content.startswith(b"age-encryption.org/v1")
    assert b"Care homes" not in content and b"manifest" not in content


def test_a_sound_backup_is_called_sound(made: BackedUp) -> None:
    assert "This backup is sound" in done("restore", made.file, "--identity", made.key, "--check")


@pytest.mark.parametrize("kept", [0, 10, 200, 3_000, 0.5, 0.999])
def test_a_backup_that_was_cut_off_restores_nothing(made: BackedUp, tmp_path: Path, kept: float) -> None:
    content = made.file.read_bytes()
    cut = tmp_path / "cut.age"
    cut.write_bytes(content[: int(kept * len(content) if 0 < kept < 1 else kept)])

    assert "damaged or was cut off" in refused("restore", cut, "--identity", made.key, "--data", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [cut]


def test_a_backup_with_one_other_byte_restores_nothing(made: BackedUp, tmp_path: Path) -> None:
    content = bytearray(made.file.read_bytes())
    content[len(content) // 2] ^= 1
    altered = tmp_path / "altered.age"
    altered.write_bytes(content)

    assert "damaged or was cut off" in refused("restore", altered, "--identity", made.key, "--data", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [altered]


def test_another_key_does_not_open_it(made: BackedUp, tmp_path: Path) -> None:
    done("backup", "key", tmp_path / "other.key")

    said = refused("restore", made.file, "--identity", tmp_path / "other.key", "--data", tmp_path / "new")
    assert "This key does not open this backup" in said


def test_a_key_may_come_from_elsewhere_and_what_is_no_key_is_refused(made: BackedUp, tmp_path: Path) -> None:
    words = ["restore", str(made.file), "--check", "--identity"]
    sent = CliRunner().invoke(fosse, [*words, "-"], input=made.key.read_text())
    assert sent.exit_code == 0 and "sound" in sent.output

    (tmp_path / "no.key").write_text("AGE-SECRET-KEY-1OOPS\n")
    assert "holds no key" in refused(*words, tmp_path / "no.key")
    assert "holds no key" in refused(*words, "/dev/null")
    assert "cannot be read" in refused(*words, tmp_path / "nowhere.key")
    assert "cannot be read" in refused("restore", tmp_path / "nowhere.age", "--identity", made.key)


def test_two_backups_are_not_written_into_one_place(made: BackedUp, tmp_path: Path) -> None:
    words = ["backup", "--data", made.node.folder.path, "--to", tmp_path / "new.age", "--recipient", made.recipient]
    with (tmp_path / ".notts.new").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "Another backup is being written" in refused(*words)

    # Of one that was killed.
    (tmp_path / ".notts.new").write_bytes(bytes(10_000_000))
    done(*words)
    assert (tmp_path / "new.age").stat().st_size < 10_000_000
    assert [each.name for each in tmp_path.iterdir()] == ["new.age"]


def test_a_folder_that_holds_something_is_left_alone(made: BackedUp, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    assert "not empty" in refused("restore", made.file, "--identity", made.key, "--data", tmp_path)
    assert "not empty" in refused("restore", made.file, "--identity", made.key, "--data", made.node.folder.path)
    assert list(tmp_path.iterdir()) == [tmp_path / "mine"]


def test_a_backup_needs_a_recipient_a_node_and_a_file_that_is_not_there(made: BackedUp, tmp_path: Path) -> None:
    data, new = made.node.folder.path, tmp_path / "new.age"

    assert "--recipient" in refused("backup", "--data", data, "--to", new)
    assert "no recipient" in refused("backup", "--data", data, "--to", new, "--recipient", "age1oops")
    assert "no node" in refused("backup", "--data", tmp_path, "--to", new, "--recipient", made.recipient)
    assert "there already" in refused("backup", "--data", data, "--to", made.file, "--recipient", made.recipient)
    assert "there already" in refused("backup", "key", made.key)
    assert list(tmp_path.iterdir()) == []


def test_nothing_stays_of_a_backup_that_filled_the_disk(made: BackedUp, tmp_path: Path) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with planted((os, "fsync", full)):
        to = tmp_path / "new.age"
        said = refused("backup", "--data", made.node.folder.path, "--to", to, "--recipient", made.recipient)

    assert "disk" in said and "full" in said
    assert list(tmp_path.iterdir()) == []


def test_only_so_many_backups_are_kept(made: BackedUp, tmp_path: Path) -> None:
    others = [tmp_path / f"notts-2026010{day}T030000Z.age" for day in (1, 2, 3)]
    for each in [*others, tmp_path / "derbys-20260101T030000Z.age"]:
        each.touch()

    done("backup", "--data", made.node.folder.path, "--to", tmp_path, "--recipient", made.recipient, "--keep", 2)

    left = sorted(each.name for each in tmp_path.iterdir())
    assert len(left) == 3 and left[:2] == ["derbys-20260101T030000Z.age", others[-1].name]


@pytest.mark.parametrize("keep", [1, 2])
def test_the_new_backup_stays_even_where_a_clock_ran_ahead(made: BackedUp, tmp_path: Path, keep: int) -> None:
    ahead = [tmp_path / f"notts-2099010{day}T030000Z.age" for day in (1, 2, 3)]
    for each in ahead:
        each.touch()

    said = done(
        "backup", "--data", made.node.folder.path, "--to", tmp_path, "--recipient", made.recipient, "--keep", keep
    )

    left = set(tmp_path.iterdir())
    assert Path(said.partition(":")[0]) in left
    assert left & set(ahead) == set(ahead[4 - keep :])


def test_a_restore_that_was_killed_is_run_again(made: BackedUp, tmp_path: Path) -> None:
    data = tmp_path / "notts"
    words = ["restore", str(made.file), "--identity", str(made.key), "--data", str(data)]
    running = subprocess.Popen([sys.executable, "-m", "services.node", *words], env=environment())
    until(lambda: any(tmp_path.glob(".notts.restoring/events.db")), "it is half-way")
    running.send_signal(signal.SIGKILL)
    running.wait()
    assert not data.exists()

    done(*words)
    assert (data / "keys" / "signing.key").read_bytes() == (made.node.folder.path / "keys/signing.key").read_bytes()
    shutil.rmtree(data)
    assert list(tmp_path.iterdir()) == []
