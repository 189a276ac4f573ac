"""“We use this”, over its tables, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import ResourceAdopted
from services.common.errors import NotAllowed, NotFound
from services.common.files import Folder
from services.resource.domain.adoption import Saying
from services.resource.domain.audience import Audience
from services.resource.usecases import adopting, reading, sharing
from services.resource.usecases.shelf import Shelf
from tests.conftest import MakeDatabase
from tests.store.resource_acts import ANN, BEN, CATH, ITEM, adopt, create, published, withdraw
from tests.store.told import said
from tests.unit.resource.shelves import (
    NOW,
    VOCABULARY,
    an_id,
)


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)


def test_a_member_says_once_that_something_is_used_and_again_how_far_it_is(shelf: Shelf) -> None:
    published(shelf)
    first = adopt(shelf, 1, stage="trialling")

    again = adopt(shelf, 2, stage="embedded", show_organisation=True)

    assert (again.id, again.version, again.stage, again.organisation) == (first.id, 2, "embedded", "Sherwood Lodge")
    shown, using = reading.get(shelf, ITEM, ANN)
    assert (shown.resource.used_by, len(using)) == (1, 1)
    assert [(fact.stage, fact.own) for fact in said(shelf.db, ResourceAdopted)] == [
        ("trialling", True),
        ("embedded", True),
    ]


def test_stopping_no_longer_counts_and_the_same_word_twice_changes_nothing(shelf: Shelf) -> None:
    published(shelf)
    adopt(shelf)
    adopt(shelf)
    assert reading.get(shelf, ITEM, ANN)[0].resource.used_by == 1

    adopt(shelf, stage="stopped")

    assert reading.get(shelf, ITEM, ANN)[0].resource.used_by == 0
    assert len(said(shelf.db, ResourceAdopted)) == 2


def test_nobody_uses_somebody_elses_form_number_or_what_they_cannot_see(shelf: Shelf) -> None:
    published(shelf)
    create(shelf, 2)
    adopt(shelf)

    with pytest.raises(NotAllowed):
        adopt(shelf, person=CATH)
    with pytest.raises(NotAllowed):
        adopt(shelf, id=an_id(102), person=CATH)
    with pytest.raises(NotFound):
        adopt(shelf, 9, item=an_id(102))


def test_a_form_number_used_for_one_resource_says_nothing_of_another(shelf: Shelf) -> None:
    published(shelf)
    published(shelf, 2)
    first = adopt(shelf, stage="trialling")

    with pytest.raises(NotAllowed):
        adopt(shelf, stage="stopped", item=an_id(102))

    assert [each.stage for each in reading.get(shelf, ITEM, ANN)[1]] == [first.stage]
    assert reading.get(shelf, an_id(102), ANN)[1] == []


@pytest.mark.parametrize(
    ("audience", "reaches"),
    [
        (Audience.COMMUNITY, None),
        (Audience.NODE, None),
        (Audience.NAMED_NODES, Audience.NAMED_NODES),
        (Audience.REGION, Audience.REGION),
        (Audience.NATION, Audience.REGION),
        (Audience.PUBLIC, Audience.REGION),
    ],
)
def test_an_adoption_reaches_no_further_than_the_region_and_its_resource(
    shelf: Shelf, audience: Audience, reaches: Audience | None
) -> None:
    published(shelf, audience=audience)
    adoption = adopt(shelf)

    if reaches is None:
        with pytest.raises(NotFound):
            sharing.read_shared(shelf, adoption.id)
    else:
        assert sharing.read_shared(shelf, adoption.id).audience is reaches


def test_adoptions_come_home_with_their_resource(shelf: Shelf) -> None:
    shown = published(shelf)
    adoption = adopt(shelf)

    withdraw(shelf, shown)

    assert sharing.read_shared(shelf, adoption.id).body is None
    assert [fact.version for fact in said(shelf.db, ItemShared) if fact.item_id == adoption.id] == [1, 2]


def test_a_decline_travels_without_the_homes_name(shelf: Shelf) -> None:
    published(shelf)
    named = adopt(shelf, show_organisation=True)
    assert "Sherwood Lodge" in str(sharing.read_shared(shelf, named.id).body)

    adopt(shelf, stage="declined", show_organisation=True)

    assert "Sherwood Lodge" not in str(sharing.read_shared(shelf, named.id).body)


def test_no_members_id_travels(shelf: Shelf) -> None:
    published(shelf)
    adoption = adopt(shelf, show_organisation=True)

    bodies = [sharing.read_shared(shelf, item).body for item in (ITEM, adoption.id)]

    assert all(body and ANN.member_id not in str(body) and BEN.member_id not in str(body) for body in bodies)


def test_adoptions_are_listed_newest_first_page_by_page(shelf: Shelf) -> None:
    published(shelf)
    for number in range(1, 6):
        person = replace(BEN, member_id=an_id(700 + number))
        saying = Saying(an_id(500 + number), "adopted", "", False)
        adopting.adopt(shelf, ITEM, saying, person=person, now=NOW + timedelta(minutes=number))

    first = reading.list_adoptions(shelf, ITEM, person=ANN, before=None, limit=3)
    before = (first[-1].changed_at, first[-1].id)
    second = reading.list_adoptions(shelf, ITEM, person=ANN, before=before, limit=3)

    assert [each.id for each in (*first, *second)] == [an_id(500 + number) for number in (5, 4, 3, 2, 1)]
