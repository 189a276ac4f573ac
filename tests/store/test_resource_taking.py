"""Entries of other nodes over resource's tables, on SQLite and on PostgreSQL."""

import random
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from fosse.common.v1 import audience_pb2
from fosse.common.v1 import shareable_pb2 as pb
from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import RESOURCE_STATE_WITHDRAWN, ResourceAdopted, ResourceChanged
from services.common.errors import Invalid, NotFound
from services.common.files import Folder
from services.resource.domain.adoption import Saying
from services.resource.domain.audience import Audience
from services.resource.domain.parts import PartWords
from services.resource.domain.resource import Publishing
from services.resource.usecases import adopting, drafting, keeping, publishing, reading, sharing, taking
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf
from services.resource.usecases.taking import take_entries, take_file
from tests.conftest import MakeDatabase
from tests.store.told import said
from tests.unit.resource.entries import a_body, a_put, a_withdrawal, an_adoption_put, an_edition, an_entry
from tests.unit.resource.shelves import (
    CARE_HOMES,
    DERBYSHIRE,
    LEICESTERSHIRE,
    NOW,
    VOCABULARY,
    a_convenor,
    a_member,
    an_id,
    some_words,
)

ANN, CATH = a_member(1), a_convenor()
ITEM, ADOPTION = an_id(2001), an_id(2500)


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)


def take(shelf: Shelf, *entries: pb.VerifiedEntry) -> list[int]:
    return [result.taken for result in take_entries(shelf, entries, NOW)]


def seen(shelf: Shelf, item: str = ITEM) -> Any:
    return reading.get(shelf, item, ANN)[0].resource


def own_resource(shelf: Shelf) -> str:
    item = an_id(101)
    drafting.create(shelf, item, community_id=CARE_HOMES, words=some_words(), person=ANN, now=NOW)
    words = PartWords(an_id(901), "Video", "CC-BY-4.0", False)
    drafting.add_link(shelf, Target(item, 1), words, link="https://example.org/v", person=ANN, now=NOW)
    publishing.publish(shelf, item, Publishing(Audience.REGION), expected_version=2, person=CATH, now=NOW)
    return item


def test_what_another_node_shares_stands_on_the_shelf_as_it_was_signed(shelf: Shelf) -> None:
    assert take(shelf, a_put()) == [pb.TAKEN_APPLIED]

    resource = seen(shelf)
    assert (resource.words.title, resource.origin_node_id) == ("Thickened drinks made simple", DERBYSHIRE)
    assert (resource.version, resource.audience) == (1, Audience.REGION)
    assert resource.editions[0].parts[0].file.name == "guide.pdf"


def test_the_newer_version_wins_in_whatever_order_and_however_often_they_come(shelf: Shelf) -> None:
    versions = [a_put(1, version, a_body(title=f"Version {version}")) for version in range(1, 6)]
    shuffled = versions * 3
    random.Random(7).shuffle(shuffled)

    for at in range(0, len(shuffled), 4):
        assert set(take(shelf, *shuffled[at : at + 4])) == {pb.TAKEN_APPLIED}

    assert seen(shelf).words.title == "Version 5"


def test_an_older_edition_stays_readable_beside_the_newer_one(shelf: Shelf) -> None:
    take(shelf, a_put())
    take(shelf, a_put(1, 2, a_body(editions=[an_edition(1), an_edition(2, title="Second")])))

    assert [edition.parts[0].title for edition in seen(shelf).editions] == ["Guide", "Second"]


def test_what_was_taken_back_does_not_return_in_versions_up_to_its_own(shelf: Shelf) -> None:
    assert take(shelf, a_put(1, 2), a_withdrawal(1, 3), a_put(1, 2), a_put(1, 3)) == [pb.TAKEN_APPLIED] * 4

    with pytest.raises(NotFound, match="took it back"):
        seen(shelf)
    assert [fact.state for fact in said(shelf.db, ResourceChanged)] == [RESOURCE_STATE_WITHDRAWN]

    take(shelf, a_put(1, 4, a_body(title="Shared again")))
    assert seen(shelf).words.title == "Shared again"


def test_a_withdrawal_of_an_older_place_leaves_the_newer_version(shelf: Shelf) -> None:
    take(shelf, a_put(1, 4), a_withdrawal(1, 5), a_put(1, 6, a_body(title="Newer")), a_withdrawal(1, 5))

    assert seen(shelf).words.title == "Newer"


def test_a_withdrawal_that_comes_first_blocks_what_it_withdrew(shelf: Shelf) -> None:
    take(shelf, a_withdrawal(1, 3))
    take(shelf, a_put(1, 3))

    with pytest.raises(NotFound):
        seen(shelf)


def test_nobody_changes_or_withdraws_an_item_of_another_node(shelf: Shelf) -> None:
    own = own_resource(shelf)
    take(shelf, a_put())

    theirs = [a_put(1, 9, origin_node_id=LEICESTERSHIRE), a_withdrawal(1, 9, origin_node_id=LEICESTERSHIRE)]
    ours = [a_put(1, 9, item_id=own), a_withdrawal(1, 9, item_id=own)]

    assert take(shelf, *theirs, *ours) == [pb.TAKEN_REFUSED] * 4
    assert (seen(shelf).version, seen(shelf, own).version) == (1, 3)


@pytest.mark.parametrize(
    "body",
    [
        a_body(title=""),
        a_body(title="a" * 201),
        a_body(summary="a" * 2001),
        a_body(type="a type"),
        a_body(topics=["x"] * 51),
        a_body(review_due="never"),
        a_body(audience=audience_pb2.AUDIENCE_COMMUNITY),
        a_body(audience=audience_pb2.AUDIENCE_UNSPECIFIED),
        a_body(editions=[]),
        a_body(editions=[an_edition(1), an_edition(1)]),
        a_body(editions=[an_edition(0)]),
        a_body(editions=[an_edition(link="javascript:alert(1)")]),
        a_body(editions=[an_edition(id="../../x")]),
        a_body(adapted_from="\0"),
    ],
    ids=range(14),
)
def test_an_unusable_body_is_refused_and_the_others_of_its_batch_are_taken(shelf: Shelf, body: Any) -> None:
    results = take_entries(shelf, [a_put(1, 1, body), a_put(2)], NOW)

    assert [result.taken for result in results] == [pb.TAKEN_REFUSED, pb.TAKEN_APPLIED]
    assert results[0].reason.endswith(".")


def test_what_only_newer_software_knows_waits(shelf: Shelf) -> None:
    wider = a_body()
    wider.audience = 99  # type: ignore[assignment]  # an audience of a later version
    later = an_entry(3, 1, operation=pb.OPERATION_PUT, schema="fosse.shared.v1.Initiative", body=b"\x0a\x01x")

    assert take(shelf, a_put(1, 1, wider), later) == [pb.TAKEN_WAITS_FOR_UPGRADE] * 2


def test_bytes_that_are_no_message_are_refused(shelf: Shelf) -> None:
    broken = a_put()
    broken.body = b"\xff\xff\xff"

    assert take(shelf, broken) == [pb.TAKEN_REFUSED]


def test_an_item_is_never_seen_wider_than_the_stream_it_came_by(shelf: Shelf) -> None:
    public = a_body(audience=audience_pb2.AUDIENCE_PUBLIC)

    take(shelf, a_put(1, 1, public, stream="region"), a_put(2, 1, public, stream="public"))

    assert seen(shelf).audience is Audience.REGION
    with pytest.raises(NotFound):
        reading.get(shelf, ITEM, None)
    assert reading.get(shelf, an_id(2002), None)[0].resource.words.title


def test_a_file_is_kept_only_while_an_item_here_names_it(shelf: Shelf, tmp_path: Path) -> None:
    content = b"%PDF-1.4 guide %%EOF"
    name = sha256(content).hexdigest()
    edition = an_edition()
    edition.parts[0].file.sha256 = name
    take(shelf, a_put(1, 1, a_body(editions=[edition])))

    assert not take_file(shelf, item=an_id(2002), sha256=name, chunks=[content])
    with pytest.raises(Invalid, match="not the file"):
        take_file(shelf, item=ITEM, sha256=name, chunks=[b"something else"])
    with pytest.raises(NotFound, match="on its way"):
        reading.download(shelf, ITEM, part_id=an_id(7), person=ANN)
    assert [take_file(shelf, item=ITEM, sha256=name, chunks=[content]) for _ in range(2)] == [True, True]
    assert b"".join(reading.download(shelf, ITEM, part_id=an_id(7), person=ANN).chunks) == content

    take(shelf, a_withdrawal(1, 2))
    keeping.sweep_files(shelf)

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not take_file(shelf, item=ITEM, sha256=name, chunks=[content])


def test_authors_see_who_uses_their_resource_in_another_county(shelf: Shelf) -> None:
    own = own_resource(shelf)

    take(shelf, an_adoption_put(500, own))

    shown, (adoption,) = reading.get(shelf, own, ANN)
    assert (adoption.node_id, adoption.locality, adoption.organisation) == (DERBYSHIRE, "High Peak", "Dale House")
    assert shown.resource.used_by == 1
    described = reading.describe_adoption(shelf, ADOPTION)
    assert (described.title, described.author_ids) == (some_words().title, (ANN.member_id,))
    assert [(fact.own, fact.node_id) for fact in said(shelf.db, ResourceAdopted)] == [(True, DERBYSHIRE)]


def test_a_decline_from_another_node_names_no_home(shelf: Shelf) -> None:
    own = own_resource(shelf)

    take(shelf, an_adoption_put(500, own, stage="declined"))

    shown, (adoption,) = reading.get(shelf, own, ANN)
    assert (adoption.organisation, shown.resource.used_by) == ("", 0)


def test_an_adoption_that_comes_before_its_resource_is_counted_once_both_are_here(shelf: Shelf) -> None:
    take(shelf, an_adoption_put(500, ITEM, origin_node_id=LEICESTERSHIRE))
    take(shelf, a_put())
    assert seen(shelf).used_by == 1

    take(shelf, a_withdrawal(500, 2, origin_node_id=LEICESTERSHIRE))

    assert seen(shelf).used_by == 0
    assert reading.get(shelf, ITEM, ANN)[1] == []


def test_who_used_what_was_taken_back_no_longer_says_so_elsewhere(shelf: Shelf) -> None:
    take(shelf, a_put())
    adoption = adopting.adopt(shelf, ITEM, Saying(an_id(1), "adopted", "", False), person=ANN, now=NOW)
    assert sharing.read_shared(shelf, adoption.id).audience is Audience.REGION

    take(shelf, a_withdrawal(1, 2))

    assert sharing.read_shared(shelf, adoption.id).body is None
    assert [fact.version for fact in said(shelf.db, ItemShared)] == [1, 2]


def test_an_adoption_of_what_was_shared_with_named_nodes_goes_to_its_origin_alone(shelf: Shelf) -> None:
    named = a_body(audience=audience_pb2.AUDIENCE_NAMED_NODES)
    take(shelf, a_put(1, 1, named, stream="to:somebody"))
    adoption = adopting.adopt(shelf, ITEM, Saying(an_id(1), "adopted", "", False), person=ANN, now=NOW)

    travelling = sharing.read_shared(shelf, adoption.id)

    assert (travelling.audience, travelling.node_ids) == (Audience.NAMED_NODES, (DERBYSHIRE,))


def test_an_item_does_not_become_something_else(shelf: Shelf) -> None:
    take(shelf, a_put(1, 1))

    assert take(shelf, an_adoption_put(1, an_id(9), version=2)) == [pb.TAKEN_REFUSED]
    assert take(shelf, an_adoption_put(3, an_id(9)), a_put(3, 2)) == [pb.TAKEN_APPLIED, pb.TAKEN_REFUSED]


def test_a_batch_has_at_most_a_hundred_entries(shelf: Shelf) -> None:
    with pytest.raises(Invalid):
        take_entries(shelf, [a_put(number) for number in range(taking.MOST_ENTRIES + 1)], NOW)
