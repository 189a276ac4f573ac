"""Backups that no node of this software made: newer ones, and what somebody encrypted who only knows the recipient."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from services.common import migrating
from services.node.backup import archive
from services.node.backup.archive import member
from services.node.backup.places import TABLES, tables_of
from services.node.backup.rows import Shape, columns_of
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


def forged(key: Key, to: Path, about: object, *files: str, rows: dict[str, bytes] | None = None) -> Path:
    """Whoever knows the recipient can encrypt for it."""
    members = [member(archive.ABOUT, json.dumps(about).encode()), *(member(each, b"planted") for each in files)]
    members += [member(f"rows/{name}", content) for name, content in (rows or {}).items()]
    counted = {f"{service}.{name}": 0 for service, tables in TABLES_SAID.items() for name in tables}
    with to.open("wb") as out:
        archive.encrypt(members, counted, key.recipient, out)
    return to


SCHEMA = {service: sorted(migrating.heads(migrating.versions_of(service))) for service in TABLES}
TABLES_SAID = {
    service: {table.name: asdict(Shape(columns_of(table))) for table in tables_of(service)} for service in TABLES
}
EMPTY: dict[str, object] = {
    "format": 1, "node": "notts", "made_at": "2026-11-23T09:00:00+00:00", "schema": SCHEMA, "tables": TABLES_SAID,
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


@pytest.mark.parametrize(
    "name",
    [
        *("files/node/../evil", "files/membership/authorized_keys", "files/resource/files/x", "files", "evil"),
        *("files/resource/files/a/b\nc", f"files/resource/files/a/{'b' * 300}", "files/resource/files//b"),
        *("files/evil/files/a/b", "files/resource/files/a/b/c"),
    ],
)
def test_a_backup_writes_nothing_but_a_nodes_files(key: Key, tmp_path: Path, name: str) -> None:
    file = forged(key, tmp_path / "forged.age", EMPTY, name)

    assert "none of a node's" in refused_both_ways(key, file)
    assert list(tmp_path.iterdir()) == [file]


STRANGE: dict[str, object] = {
    "a list": [],
    "nothing": {},
    "no format": {"node": "notts"},
    "format as text": {**EMPTY, "format": "1"},
    "format nought": {**EMPTY, "format": 0},
    "no date": {**EMPTY, "made_at": "yesterday"},
    "a date without a zone": {**EMPTY, "made_at": "2026-11-23T09:00:00"},
    "a name that leads elsewhere": {**EMPTY, "node": "../../x"},
    "a name that writes on the screen": {**EMPTY, "node": "notts\x1b[2J"},
    "a name that is a number": {**EMPTY, "node": 7},
    "no services": {**EMPTY, "schema": {}, "tables": {}},
    "services without tables": {**EMPTY, "tables": {}},
    "tables of other columns": {**EMPTY, "tables": {**TABLES_SAID, "events": {"seen": asdict(Shape({"a": "text"}))}}},
    "columns of no kind": {**EMPTY, "tables": {**TABLES_SAID, "events": {"seen": asdict(Shape({"a": "evil"}))}}},
    "tables that are a list": {**EMPTY, "tables": []},
    "far too much": {**EMPTY, "more": "x" * 2_000_000},
}


@pytest.mark.parametrize("about", STRANGE.values(), ids=STRANGE)
def test_a_backup_that_fosse_did_not_make_is_refused_in_words(key: Key, tmp_path: Path, about: object) -> None:
    file = forged(key, tmp_path / "forged.age", about)

    said = refused_both_ways(key, file)

    assert "This backup is" in said and "Nothing was restored" in said and "\x1b" not in said
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    "rows",
    [
        {"evil/x/000001": b"[]\n"},
        {"events/evil/000001": b"[]\n"},
        {"events/seen/000001": b"[]\n"},
        {"events/seen/000001": b"{"},
        {"events/seen/000001": b"[" * 100_000},
        {"events/seen/000001": b'["a", "b", "yesterday"]\n'},
        {"events/seen/000001": b'["a", "b", "2026-11-23T09:00:00+00:00"]\n'},
        {"events/seen/000001": b"", "resource/seen/000001": b"", "events/seen/000002": b""},
    ],
)
def test_a_backup_with_other_rows_than_it_says_is_refused_in_words(
    key: Key, tmp_path: Path, rows: dict[str, bytes]
) -> None:
    file = forged(key, tmp_path / "forged.age", EMPTY, rows=rows)

    assert "not one that Fosse makes" in refused_both_ways(key, file)


def refused_both_ways(key: Key, file: Path) -> str:
    """By the restore and by the look at it, in the same words."""
    words = ["restore", file, "--identity", key.file, "--data", file.with_name("new")]
    said = refused(*words)
    assert refused(*words, "--check") == said
    return said


def test_what_is_sound_is_not_said_to_be_ours(key: Key, tmp_path: Path) -> None:
    file = forged(key, tmp_path / "empty.age", EMPTY)

    result = CliRunner().invoke(fosse, ["restore", str(file), "--identity", str(key.file), "--check"])

    assert "is sound" in result.output and "does not tell who made it" in result.output
