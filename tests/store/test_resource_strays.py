"""Files that were laid down by a process that was killed before anything referred to them are found and go."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.common.files import Folder
from services.resource.domain.parts import PartWords
from services.resource.usecases import drafting, keeping, reading
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf
from tests.conftest import MakeDatabase
from tests.store.resource_acts import ANN, ITEM, add_file, create
from tests.unit.resource.shelves import NOW, PDF, VOCABULARY, an_id


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)


def on_disk(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def after(shelf: Shelf, later: timedelta) -> None:
    """What the background does, so long after the files were written."""
    keeping.release_strays(shelf, lambda: NOW + later)
    keeping.sweep_files(shelf)


def test_a_file_that_nothing_came_to_refer_to_goes_and_one_that_is_referred_to_stays(
    shelf: Shelf, tmp_path: Path
) -> None:
    add_file(shelf, create(shelf))
    shelf.files.receive([b"laid down, and then the process was killed"], 100)
    (tmp_path / "incoming" / "half").write_bytes(b"half of")
    for path in tmp_path.rglob("*"):
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))

    after(shelf, timedelta(hours=1))
    young = on_disk(tmp_path)
    after(shelf, timedelta(hours=7))

    assert (young, on_disk(tmp_path)) == (3, 1)
    assert b"".join(reading.download(shelf, ITEM, part_id=an_id(901), person=ANN).chunks) == PDF


def test_one_form_sent_twice_at_once_with_different_files_leaves_one_file(shelf: Shelf, tmp_path: Path) -> None:
    draft = create(shelf)

    def overtaken() -> Iterator[bytes]:
        yield PDF
        add_file(shelf, draft)
        yield b"and more"

    target = Target(ITEM, draft.resource.version)
    words = PartWords(an_id(901), "Slides", "CC-BY-4.0", False)
    drafting.add_file(shelf, target, words, name="other.pdf", chunks=overtaken(), person=ANN, now=NOW)

    assert on_disk(tmp_path) == 1
    assert b"".join(reading.download(shelf, ITEM, part_id=an_id(901), person=ANN).chunks) == PDF
