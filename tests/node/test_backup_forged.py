"""Backups that no node of this software made: newer ones, and what somebody encrypted who only knows the recipient."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from services.node.backup import archive
from services.node.backup.archive import member
from services.node.cli import fosse


class Key(NamedTuple):
    file: Path
    recipient: str


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    content, recipient = archive.new_key()
    file = tmp_path_factory.mktemp("key") / "notts.key"
    file.write_bytes(content)
    return Key(file, recipient)


def refused(*words: object) -> str:
    result = CliRunner().invoke(fosse, [str(each) for each in words])
    assert result.exit_code == 1, result.output
    return result.output


def forged(key: Key, to: Path, about: dict[str, object], *files: str) -> Path:
    """Whoever knows the recipient can encrypt for it."""
    members = [member(archive.ABOUT, json.dumps(about).encode()), *(member(each, b"planted") for each in files)]
    with to.open("wb") as out:
        archive.encrypt(members, {}, key.recipient, out)
    return to


EMPTY: dict[str, object] = {
    "format": 1, "node": "notts", "made_at": "2026-11-23T09:00:00+00:00", "schema": {}, "tables": {},
}  # fmt: skip


NEWER: list[dict[str, object]] = [
    {"format": 3},
    {"schema": {"events": ["events_9999"]}},
    {"schema": {"chat": []}},
    {"accounts": {"realm": {"columns": {"id": "text"}}}},
]


@pytest.mark.parametrize("newer", NEWER)
def test_a_backup_of_a_newer_fosse_is_refused(key: Key, tmp_path: Path, newer: dict[str, object]) -> None:
    file = forged(key, tmp_path / "newer.age", {**EMPTY, **newer})

    assert "newer Fosse" in refused("restore", file, "--identity", key.file, "--data", tmp_path / "new")


@pytest.mark.parametrize("name", ["files/node/../evil", "files/membership/authorized_keys", "files/resource/files/x"])
def test_a_backup_writes_nothing_but_a_nodes_files(key: Key, tmp_path: Path, name: str) -> None:
    file = forged(key, tmp_path / "forged.age", EMPTY, name)

    assert "none of a node's" in refused("restore", file, "--identity", key.file, "--data", tmp_path / "new")
    assert list(tmp_path.iterdir()) == [file]
