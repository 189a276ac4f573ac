"""The index follows the facts, on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.common.files import Folder
from services.resource.search.follower import Follower, newest_place, rebuild_index
from services.resource.search.index import ShelfIndex
from services.resource.search.query import Asked
from services.resource.usecases.shelf import Shelf
from services.resource.usecases.taking import take_entries
from tests.conftest import MakeDatabase
from tests.unit.resource.entries import a_body, a_put, a_withdrawal
from tests.unit.resource.shelves import NOW, VOCABULARY, an_id


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path / "files"), VOCABULARY, 1000, 1000)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ShelfIndex]:
    index = ShelfIndex(tmp_path / "index", VOCABULARY)
    yield index
    index.stop()


def followed(shelf: Shelf, index: ShelfIndex) -> Follower:
    """A follower that has seen everything."""
    follower = Follower(shelf.db, index)
    while index.place is None or index.place < newest_place(shelf.db):
        follower.step()
    return follower


def found(index: ShelfIndex, words: str = "") -> set[str]:
    return set(index.search(Asked(words=words, member=True), 100, 0).ids)


def test_what_is_put_changed_and_taken_back_is_followed(shelf: Shelf, index: ShelfIndex) -> None:
    take_entries(shelf, [a_put(1), a_put(2)], NOW)
    followed(shelf, index)
    assert found(index) == {an_id(2001), an_id(2002)}

    take_entries(shelf, [a_put(1, 2, a_body(title="Quite another")), a_withdrawal(2, 2)], NOW)
    followed(shelf, index)

    assert found(index) == {an_id(2001)}
    assert found(index, "another") == {an_id(2001)}


def test_a_follower_that_starts_again_goes_on_where_it_was(shelf: Shelf, index: ShelfIndex, tmp_path: Path) -> None:
    take_entries(shelf, [a_put(1)], NOW)
    followed(shelf, index)
    index.stop()

    take_entries(shelf, [a_put(2)], NOW)
    again = ShelfIndex(tmp_path / "index", VOCABULARY)
    followed(shelf, again)

    assert found(again) == {an_id(2001), an_id(2002)}
    again.stop()


def test_a_database_older_than_the_index_has_the_index_made_anew(shelf: Shelf, index: ShelfIndex) -> None:
    take_entries(shelf, [a_put(1), a_put(2)], NOW)
    followed(shelf, index)
    with shelf.db.write() as conn:
        for table in ("facts", "part", "edition", "resource"):
            conn.execute(text(f"DELETE FROM {table}"))

    Follower(shelf.db, index).step()

    assert found(index) == set()


def test_an_index_that_holds_something_else_is_made_anew_while_it_is_followed(shelf: Shelf, index: ShelfIndex) -> None:
    take_entries(shelf, [a_put(1), a_put(2)], NOW)
    follower = followed(shelf, index)
    index.write([], {an_id(2001)}, newest_place(shelf.db))
    follower.step()
    assert found(index) == {an_id(2002)}

    assert follower.rebuild() == 2
    assert found(index) == {an_id(2001), an_id(2002)}

    take_entries(shelf, [a_put(3)], NOW)
    followed(shelf, index)
    assert found(index) == {an_id(2001), an_id(2002), an_id(2003)}


def test_the_index_is_made_anew_from_the_database_by_one_call(shelf: Shelf, index: ShelfIndex) -> None:
    for start in range(0, 300, 100):
        take_entries(shelf, [a_put(start + number) for number in range(100)], NOW)

    assert rebuild_index(shelf.db, index) == 300
    assert index.place == newest_place(shelf.db)
    assert index.search(Asked(member=True), 1, 0).total == 300
