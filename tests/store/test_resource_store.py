"""Resource's use cases over its tables, on SQLite and on PostgreSQL."""

from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from fosse.common.v1.facts_pb2 import ItemShared
from fosse.resource.v1.facts_pb2 import ResourceChanged
from services.common import audit
from services.common.access import Person
from services.common.audit import audit as audit_rows
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.files import Folder
from services.resource.domain.audience import Audience
from services.resource.domain.resource import State
from services.resource.store import files
from services.resource.usecases import drafting, keeping, publishing, reading, sharing
from services.resource.usecases.drafting import Target
from services.resource.usecases.shelf import Shelf
from tests.conftest import MakeDatabase
from tests.store.resource_acts import (
    ANN,
    BEN,
    CATH,
    ITEM,
    add_file,
    create,
    files_kept,
    publish,
    published,
    withdraw,
)
from tests.store.told import said
from tests.unit.resource.shelves import (
    NOW,
    PDF,
    VOCABULARY,
    a_convenor,
    a_member,
    an_id,
    some_words,
)


@pytest.fixture
def shelf(make_database: MakeDatabase, tmp_path: Path) -> Shelf:
    return Shelf(make_database("resource"), Folder(tmp_path), VOCABULARY, 1000, 1000)


def test_the_same_form_sent_twice_makes_one_resource(shelf: Shelf) -> None:
    first, second = create(shelf), create(shelf, title="Something else")

    assert second.resource == first.resource
    assert len(said(shelf.db, ResourceChanged)) == 1


def test_a_form_number_of_somebody_else_is_refused(shelf: Shelf) -> None:
    create(shelf)

    with pytest.raises(NotAllowed):
        create(shelf, person=BEN)


def test_a_resource_is_read_as_it_was_written(shelf: Shelf) -> None:
    made = published(shelf, audience=Audience.NAMED_NODES).resource

    shown, _ = reading.get(shelf, ITEM, BEN)

    assert shown.resource == made
    assert shown.here == {made.editions[0].parts[0].file.sha256 if made.editions[0].parts[0].file else ""}


def test_whoever_saves_second_is_told_and_loses_nothing(shelf: Shelf) -> None:
    draft = create(shelf)
    drafting.update(shelf, ITEM, expected_version=1, words=some_words(title="Cath's title"), person=CATH, now=NOW)

    with pytest.raises(Conflict) as refused:
        drafting.update(shelf, ITEM, expected_version=1, words=some_words(title="Ann's title"), person=ANN, now=NOW)

    assert refused.value.fields["theirs.title"] == "Cath's title"
    assert reading.get(shelf, ITEM, ANN)[0].resource.version == draft.resource.version + 1


def test_the_same_change_sent_twice_is_done_once(shelf: Shelf) -> None:
    create(shelf)
    words = some_words(title="A better title")

    for _ in range(2):
        drafting.update(shelf, ITEM, expected_version=1, words=words, person=ANN, now=NOW)
    with_file = [add_file(shelf, reading.get(shelf, ITEM, ANN)[0], expected_version=2) for _ in range(2)]
    shown = [publish(shelf, with_file[0]) for _ in range(2)]
    drafts = [publishing.start_edition(shelf, ITEM, expected_version=4, person=ANN, now=NOW) for _ in range(2)]
    gone = [withdraw(shelf, drafts[0]) for _ in range(2)]

    assert [each.resource.version for each in (*with_file, *shown, *drafts, *gone)] == [3, 3, 4, 4, 5, 5, 6, 6]
    assert [fact.version for fact in said(shelf.db, ResourceChanged)] == [1, 2, 3, 4, 5, 6]


def test_what_leaves_the_node_is_told_when_others_would_see_a_difference(shelf: Shelf) -> None:
    shown = published(shelf)
    drafting_now = publishing.start_edition(shelf, ITEM, expected_version=shown.resource.version, person=ANN, now=NOW)
    publish(shelf, drafting_now, Audience.COMMUNITY)

    assert [fact.version for fact in said(shelf.db, ItemShared)] == [3, 5]
    assert sharing.read_shared(shelf, ITEM).body is None


def test_a_resource_of_the_node_never_leaves_it(shelf: Shelf) -> None:
    published(shelf, audience=Audience.NODE)

    assert said(shelf.db, ItemShared) == []
    with pytest.raises(NotFound):
        sharing.read_shared(shelf, ITEM)


def test_a_file_nobody_refers_to_any_more_is_deleted_and_a_shared_one_stays(shelf: Shelf, tmp_path: Path) -> None:
    first, second = add_file(shelf, create(shelf, 1)), add_file(shelf, create(shelf, 2))
    assert len(list(files_kept(shelf, tmp_path))) == 1

    for shown, left in ((first, 1), (second, 0)):
        target = Target(shown.resource.id, shown.resource.version)
        drafting.remove_part(shelf, target, part_id=an_id(901), person=ANN, now=NOW)
        assert len(list(files_kept(shelf, tmp_path))) == left


def test_a_file_that_was_refused_leaves_nothing_behind(shelf: Shelf, tmp_path: Path) -> None:
    draft = create(shelf)

    for content, why in ((b"MZ program", "program"), (b"", "empty"), (b"a" * 1001, "larger"), (b"\0", "not let in")):
        with pytest.raises(Invalid, match=why):
            add_file(shelf, draft, content)

    assert list(files_kept(shelf, tmp_path)) == []
    assert len(said(shelf.db, ResourceChanged)) == 1


def test_a_file_that_a_fault_of_ours_kept_out_leaves_nothing_behind(shelf: Shelf, tmp_path: Path) -> None:
    draft = create(shelf)
    with shelf.db.write() as conn:
        conn.execute(text("alter table file_ref rename to elsewhere"))

    with pytest.raises(DBAPIError):
        add_file(shelf, draft)

    with shelf.db.write() as conn:
        conn.execute(text("alter table elsewhere rename to file_ref"))
    assert list(files_kept(shelf, tmp_path)) == []


def test_a_file_refused_by_a_late_conflict_does_not_take_away_the_same_file_elsewhere(
    shelf: Shelf, tmp_path: Path
) -> None:
    add_file(shelf, create(shelf, 1))
    other = create(shelf, 2)

    with pytest.raises(Conflict):
        add_file(shelf, other, expected_version=7)

    assert len(list(files_kept(shelf, tmp_path))) == 1


def test_an_id_that_no_database_can_be_asked_for_is_nobodys(shelf: Shelf) -> None:
    with pytest.raises((NotFound, Invalid)):
        reading.get(shelf, "a\0b", ANN)


def test_drafts_are_listed_for_their_author_and_for_convenors_page_by_page(shelf: Shelf) -> None:
    for number in range(1, 6):
        create(shelf, number, person=ANN if number % 2 else BEN)
    publishing.start_edition(
        shelf, an_id(106), expected_version=published(shelf, 6).resource.version, person=ANN, now=NOW
    )

    def listed(person: Person) -> list[str]:
        ids: list[str] = []
        before = None
        while page := reading.list_drafts(shelf, person=person, before=before, limit=2):
            ids += [shown.resource.id for shown in page]
            before = (page[-1].resource.changed_at, page[-1].resource.id)
        return ids

    assert listed(BEN) == [an_id(104), an_id(102)]
    assert listed(ANN) == [an_id(106), an_id(105), an_id(103), an_id(101)]
    assert listed(CATH) == [an_id(number) for number in (106, 105, 104, 103, 102, 101)]
    assert listed(a_member(1, community="f" * 32)) == []


def test_an_original_that_may_not_be_changed_stops_the_adaptation_from_being_published(shelf: Shelf) -> None:
    source = create(shelf, 1)
    publish(shelf, add_file(shelf, source, licence="CC-BY-NC-ND-4.0"))
    adapted = add_file(shelf, create(shelf, 2, adapted_from=ITEM))

    with pytest.raises(Invalid, match="original does not allow"):
        publish(shelf, adapted)


def test_nobody_learns_of_the_licence_of_an_original_they_cannot_see(shelf: Shelf) -> None:
    publish(shelf, add_file(shelf, create(shelf, 1), licence="CC-BY-NC-ND-4.0"), Audience.COMMUNITY)
    words, other = some_words(adapted_from=ITEM), "f" * 32
    stranger = a_convenor(3, community=other)

    made = drafting.create(shelf, an_id(102), community_id=other, words=words, person=stranger, now=NOW)
    adapted = publish(shelf, add_file(shelf, made, person=stranger), Audience.COMMUNITY, stranger)

    assert adapted.resource.state is State.PUBLISHED


def test_what_was_withdrawn_shows_why_and_hides_its_files(shelf: Shelf) -> None:
    shown = withdraw(shelf, published(shelf))
    assert shown.resource.state is State.WITHDRAWN

    seen, _ = reading.get(shelf, ITEM, BEN)

    assert seen.resource.withdrawn_because == "The dose was wrong."
    with pytest.raises(NotFound):
        reading.download(shelf, ITEM, part_id=an_id(901), person=BEN)
    assert b"".join(reading.download(shelf, ITEM, part_id=an_id(901), person=ANN).chunks) == PDF


def test_every_change_is_in_the_audit_trail_with_who_did_it(shelf: Shelf) -> None:
    withdraw(shelf, published(shelf))

    with shelf.db.read() as conn:
        rows = audit.rows_before(conn, ITEM, None, 10)
    assert [(row.actor, row.action) for row in reversed(rows)] == [
        (ANN.member_id, "created"),
        (ANN.member_id, "added a part"),
        (CATH.member_id, "published to region"),
        (ANN.member_id, "withdrew"),
    ]


def test_a_refused_change_leaves_no_fact_and_no_audit_row(shelf: Shelf) -> None:
    shown = create(shelf)

    with pytest.raises(Invalid):
        publish(shelf, shown)

    with shelf.db.read() as conn:
        assert conn.scalar(select(func.count()).select_from(audit_rows)) == 1
    assert len(said(shelf.db, ResourceChanged)) == 1


def test_counted_downloads_are_written_down(shelf: Shelf) -> None:
    published(shelf)
    downloads = keeping.Downloads(shelf.db)
    for _ in range(3):
        downloads.count(ITEM)

    downloads.write_down()
    downloads.write_down()

    assert reading.get(shelf, ITEM, ANN)[0].resource.downloads == 3


def test_a_reference_holds_a_file_whoever_releases_it(shelf: Shelf, tmp_path: Path) -> None:
    part = add_file(shelf, create(shelf)).resource.editions[0].parts[0]
    assert part.file is not None

    with shelf.db.write() as conn:
        files.release(conn, [part.file.sha256])

    assert len(list(files_kept(shelf, tmp_path))) == 1
