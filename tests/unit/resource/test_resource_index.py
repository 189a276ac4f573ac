"""The index: what is found, in which order, and by whom; over a real index in a folder."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.facts import Place
from services.resource.domain.audience import Audience
from services.resource.domain.resource import Resource, State
from services.resource.search.index import ShelfIndex
from services.resource.search.query import Asked
from tests.unit.resource.shelves import (
    CARE_HOMES,
    DERBYSHIRE,
    NOW,
    SOCIAL_CARE,
    VOCABULARY,
    a_part,
    a_published,
    an_id,
    some_words,
)

MEMBER = frozenset({CARE_HOMES})
SHELF = {
    1: {"title": "Seven drinks rounds a day", "summary": "Hydration of residents.", "topics": ("hydration", "uti")},
    2: {"title": "Falls at night", "summary": "What helps residents who fall at night.", "topics": ("falls",)},
    3: {"title": "Preventing pressure ulcers", "summary": "Turning and skin.", "topics": ("pressure_ulcers",)},
    4: {"title": "A café for families", "summary": "Talking with families.", "topics": ("families",), "type": "poster"},
}


def a_resource(number: int, **given: Any) -> Resource:
    words = some_words(**SHELF.get(number, {}), **given.pop("words", {}))
    resource = a_published(number, words=words, audience=given.pop("audience", Audience.NODE), **given)
    edition = replace(resource.editions[0], published_at=NOW + timedelta(days=number))
    return replace(resource, editions=(edition,))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ShelfIndex]:
    index = ShelfIndex(tmp_path / "index", VOCABULARY)
    index.write([a_resource(number) for number in SHELF], (), Place(0, 1))
    yield index
    index.stop()


def found(index: ShelfIndex, words: str = "", **filters: Any) -> list[int]:
    asked = Asked(**{"words": words, "communities": MEMBER, "member": True, **filters})
    return [int(each, 16) - 100 for each in index.search(asked, 10, 0).ids]


def test_without_words_the_newest_comes_first(index: ShelfIndex) -> None:
    assert found(index) == [4, 3, 2, 1]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("drink", 1), ("drinking", 1), ("hydrate", 1), ("Urinary tract infection", 1), ("fall night", 2),
        ("how do we stop residents from falling at night?", 2), ("ulcer", 3), ("press", 3), ("preventing pres", 3),
        ("cafe", 4), ("CAFÉ", 4), ("posters", 4),
    ],
)  # fmt: skip
def test_plain_words_find_what_they_mean(index: ShelfIndex, words: str, first: int) -> None:
    assert found(index, words)[0] == first


def test_where_nothing_has_every_word_what_has_some_is_shown(index: ShelfIndex) -> None:
    assert found(index, "falls unicorn") == [2]
    assert found(index, "unicorn") == []


def test_filters_narrow_the_shelf(index: ShelfIndex) -> None:
    parts = (a_part(licence="OGL-UK-3.0"),)
    remote = a_resource(5, origin_node_id=DERBYSHIRE, words={"evidence_level": 4}, audience=Audience.REGION)
    index.write([replace(remote, editions=(replace(remote.editions[0], parts=parts),))], (), Place(0, 2))

    assert found(index, type="poster") == [4]
    assert found(index, topic="uti") == [1]
    assert found(index, origin=DERBYSHIRE) == [5]
    assert found(index, origin="here") == [4, 3, 2, 1]
    assert found(index, licence="OGL-UK-3.0") == [5]
    assert found(index, evidence_level=3) == [5]
    assert found(index, "drinks", topic="falls") == []


def test_each_sees_what_its_audience_lets_them(index: ShelfIndex) -> None:
    shown = [
        a_resource(11, audience=Audience.COMMUNITY),
        a_resource(12, audience=Audience.COMMUNITY, community_id=SOCIAL_CARE),
        a_resource(13, audience=Audience.PUBLIC),
        a_resource(14, audience=Audience.NAMED_NODES, origin_node_id=DERBYSHIRE),
    ]
    index.replace_all([shown], Place(0, 2))

    assert found(index) == [14, 13, 11]
    assert found(index, communities=frozenset({CARE_HOMES, SOCIAL_CARE})) == [14, 13, 12, 11]
    assert found(index, communities=frozenset(), member=False) == [13]


def test_drafts_and_what_was_withdrawn_or_taken_back_are_not_found(index: ShelfIndex) -> None:
    withdrawn = a_resource(1, state=State.WITHDRAWN)

    index.write([withdrawn], [an_id(102)], Place(0, 3))

    assert found(index) == [4, 3]


def test_a_changed_resource_is_found_once_by_its_new_words(index: ShelfIndex) -> None:
    index.write([a_resource(5, words={"title": "Old title"})], (), Place(0, 2))
    index.write([a_resource(5, words={"title": "Quite another"})], (), Place(0, 3))

    assert found(index, "another") == [5]
    assert found(index, "old") == []


def test_the_index_knows_how_far_it_followed_and_forgets_with_its_folder(index: ShelfIndex, tmp_path: Path) -> None:
    assert index.place == Place(0, 1)
    index.stop()

    assert ShelfIndex(tmp_path / "index", VOCABULARY).place == Place(0, 1)
    (tmp_path / "index" / "form1" / "meta.json").write_text("not an index")
    again = ShelfIndex(tmp_path / "index", VOCABULARY)
    assert (again.place, found(again)) == (None, [])


def test_a_fault_while_writing_leaves_the_index_as_it_was(index: ShelfIndex) -> None:
    def full_disk() -> Iterator[Resource]:
        yield a_resource(5)
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        index.write(full_disk(), [an_id(101)], Place(0, 9))

    assert (found(index), index.place) == ([4, 3, 2, 1], Place(0, 1))
    index.write([a_resource(5)], (), Place(0, 9))
    assert found(index) == [5, 4, 3, 2, 1]


def test_pages_follow_each_other_and_the_total_counts_all(index: ShelfIndex) -> None:
    asked = Asked(communities=MEMBER, member=True)

    pages = [index.search(asked, 3, offset) for offset in (0, 3)]

    assert [len(page.ids) for page in pages] == [3, 1]
    assert {page.total for page in pages} == {4}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=400))
def test_whatever_is_typed_the_shelf_answers(index: ShelfIndex, typed: str) -> None:
    index.search(Asked(words=typed, topic=typed[:20], communities=MEMBER, member=True), 10, 0)


@pytest.mark.parametrize("typed", ['"', "title:", "a AND (", "*", "~", "[a TO b]", "\\", "-drinks", "a" * 5000, "😀"])
def test_signs_of_a_query_language_are_just_signs(index: ShelfIndex, typed: str) -> None:
    index.search(Asked(words=typed, communities=MEMBER, member=True), 10, 0)
