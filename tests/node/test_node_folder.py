"""A data folder belongs to one process, and says so in a sentence."""

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.errors import Conflict, Invalid, NotFound
from services.node import folder as folders
from services.node.folder import Folder

HOLD = """
import sys, pathlib
from services.node.folder import Folder
folder = Folder(pathlib.Path(sys.argv[1]))
with folder.held():
    folder.tell(name="Nottinghamshire", address="http://127.0.0.1:8401", run_dir="/run/x")
    print("held", flush=True)
    sys.stdin.read()
"""


def a_folder(path: Path) -> Folder:
    made = Folder(path / "data")
    made.prepare()
    return made


def test_a_second_process_on_the_same_folder_is_told_which_one_holds_it(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder.path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    with first:
        assert first.stdout and first.stdout.readline() == b"held\n"

        with pytest.raises(Conflict) as refused, folder.held():
            pass

        assert f"process {first.pid}" in refused.value.sentence
        assert "Nottinghamshire at http://127.0.0.1:8401" in refused.value.sentence
        assert folder.running_sockets() == Path("/run/x")
        first.kill()
    with folder.held():
        pass
    with pytest.raises(NotFound, match="No node is running"):
        folder.running_sockets()


def test_sockets_lie_in_the_folder_or_in_a_short_one_when_its_path_is_too_long(tmp_path: Path) -> None:
    short = a_folder(tmp_path)
    long = a_folder(tmp_path / ("long" * 25))

    with short.sockets() as run:
        assert run == short.path / "run"
    with long.sockets() as run:
        assert len(str(run / "notification.sock")) < 108
        assert stat.S_IMODE(run.stat().st_mode) == 0o700
    assert not run.exists()


def test_only_the_nodes_own_account_can_open_the_folder_of_sockets(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)

    assert stat.S_IMODE((folder.path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((folder.path / "keys").stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(Invalid, match="--data"):
        Folder(tmp_path / "file" / "data").prepare()


@pytest.mark.parametrize(("number", "words"), [(errno.ENOSPC, "disk"), (errno.EACCES, "may not write")])
def test_a_full_disk_and_a_forbidden_folder_are_told_apart(number: int, words: str) -> None:
    assert words in folders.unusable(Path("/data"), OSError(number, "no"))


def test_an_upload_that_a_crash_cut_off_is_cleared_away_at_the_next_start(tmp_path: Path) -> None:
    folder = a_folder(tmp_path)
    (folder.path / "files" / "incoming").mkdir()
    (folder.path / "files" / "incoming" / "tmphalf").write_bytes(b"half a lea")
    (folder.path / "files" / "ab").mkdir()
    (folder.path / "files" / "ab" / "whole").write_bytes(b"a leaflet")

    with folder.held():
        pass

    assert [each.name for each in (folder.path / "files").rglob("*") if each.is_file()] == ["whole"]
