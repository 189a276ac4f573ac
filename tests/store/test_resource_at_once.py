"""Many people at the same moment, on SQLite and on PostgreSQL."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.common.errors import Refusal
from services.common.files import Folder
from services.resource.domain.adoption import Saying
from services.resource.usecases import adopting, drafting, keeping, reading
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf
from tests.conftest import MakeDatabase
from tests.store.resource_acts import ANN, BEN, CATH, ITEM, add_file, create, published
from tests.unit.resource.shelves import NOW, PDF, VOCABULARY, an_id, some_words

AT_ONCE = 8


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)


def together(act: Callable[[int], object]) -> Counter[str]:
    """All start at once; counts how each ended: done, or the kind of its refusal."""

    def ended(number: int) -> str:
        try:
            act(number)
        except Refusal as refusal:
            return type(refusal).__name__
        return "done"

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return Counter(threads.map(ended, range(AT_ONCE)))


def test_of_many_who_save_the_same_version_one_wins_and_the_others_are_told(shelf: Shelf) -> None:
    create(shelf)

    def save(number: int) -> None:
        words = some_words(title=f"Title of {number}")
        drafting.update(shelf, ITEM, expected_version=1, words=words, person=CATH, now=NOW)

    assert together(save) == {"done": 1, "Conflict": AT_ONCE - 1}
    assert reading.get(shelf, ITEM, ANN)[0].resource.version == 2


def test_a_member_who_taps_many_times_uses_it_once(shelf: Shelf) -> None:
    published(shelf)

    def tap(number: int) -> None:
        saying = Saying(an_id(500 + number), "adopted", "", False)
        adopting.adopt(shelf, ITEM, saying, person=BEN, now=NOW)

    assert together(tap) == {"done": AT_ONCE}
    shown, using = reading.get(shelf, ITEM, ANN)
    assert (shown.resource.used_by, len(using)) == (1, 1)


def test_many_homes_at_once_are_all_counted(shelf: Shelf) -> None:
    published(shelf)

    def say(number: int) -> None:
        saying = Saying(an_id(500 + number), "adopted", "", False)
        adopting.adopt(shelf, ITEM, saying, person=replace(BEN, member_id=an_id(700 + number)), now=NOW)

    assert together(say) == {"done": AT_ONCE}
    assert reading.get(shelf, ITEM, ANN)[0].resource.used_by == AT_ONCE


def test_one_form_sent_many_times_at_once_makes_one_resource(shelf: Shelf) -> None:
    ended = together(lambda _: create(shelf))

    assert ended["done"] >= 1 and set(ended) <= {"done", "Conflict"}
    assert reading.get(shelf, ITEM, ANN)[0].resource.version == 1


def test_a_file_that_some_add_while_others_take_it_out_is_there_for_whoever_has_it(shelf: Shelf) -> None:
    drafts = [create(shelf, number) for number in range(AT_ONCE)]

    def add_or_take(number: int) -> None:
        shown = add_file(shelf, drafts[number])
        if number % 2:
            target = Target(shown.resource.id, shown.resource.version)
            drafting.remove_part(shelf, target, part_id=an_id(901), person=ANN, now=NOW)
        keeping.sweep_files(shelf)

    assert together(add_or_take) == {"done": AT_ONCE}
    for number in range(0, AT_ONCE, 2):
        item = drafts[number].resource.id
        assert b"".join(reading.download(shelf, item, part_id=an_id(901), person=ANN).chunks) == PDF
