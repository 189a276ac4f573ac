"""Resource as pages and the API meet it: a real server, real passes, real files, a real index."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fosse.common.v1 import audience_pb2
from fosse.resource.v1 import resource_pb2 as pb
from fosse.resource.v1.facts_pb2 import RESOURCE_STATE_DRAFT, RESOURCE_STATE_PUBLISHED, RESOURCE_STATE_WITHDRAWN
from services.common import pages
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.resource_world import ANN, CATH, World, resource_alone
from tests.unit.resource.shelves import PDF, PNG, SOCIAL_CARE, a_member, an_id
from tests.waiting import until

BEN = a_member(2)
OTHER_COMMUNITY = a_member(3, community=SOCIAL_CARE)


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with resource_alone(sqlite_databases, tmp_path) as world:
        yield world


def test_a_leaflet_is_made_published_found_opened_and_downloaded(world: World) -> None:
    with_file = world.add_file(world.create(), file_name="../../Drinks \u202efdp.exe")

    published = world.publish(with_file)

    assert published.state == RESOURCE_STATE_PUBLISHED
    world.found(published.id, "drinking round")
    shown = world.get(published.id).resource
    assert shown.editions[0].parts[0].file_name == "Drinks fdp.pdf"
    assert shown.editions[0].parts[0].here
    part, content = world.download(published.id, an_id(901))
    assert (part.media_type, content) == ("application/pdf", PDF)


def test_a_large_file_comes_back_whole(world: World) -> None:
    content = PDF[:-6] + b"% some more\n" * 100_000 + b"%%EOF\n"
    published = world.publish(world.add_file(world.create(), content))

    assert world.download(published.id, an_id(901))[1] == content


def test_a_file_over_the_limit_is_refused_in_words_and_the_draft_stays_as_it_was(
    tmp_path: Path, sqlite_databases: SqliteDatabases
) -> None:
    with resource_alone(sqlite_databases, tmp_path, largest_file_mb=1) as world:
        draft = world.create()

        with pytest.raises(Invalid, match="larger than 1 MB"):
            world.add_file(draft, b"a" * 1_000_001)

        assert world.get(draft.id).resource == draft
        world.add_file(draft, b"a" * 1_000_000)


def test_files_are_refused_by_what_is_in_them(world: World) -> None:
    draft = world.create()

    for content, why in ((b"MZ program", "program"), (b"<html>", "browser"), (b"", "empty")):
        with pytest.raises(Invalid, match=why) as refused:
            world.add_file(draft, content)
        assert "file" in refused.value.fields


def test_the_same_file_sent_twice_by_one_form_is_one_part(world: World) -> None:
    draft = world.create()

    first, second = world.add_file(draft), world.add_file(draft)

    assert first == second
    assert len(second.draft.parts) == 1


def test_parts_are_added_and_taken_out_while_it_is_a_draft(world: World) -> None:
    draft = world.add_file(world.create())
    link = pb.AddLinkPartRequest(
        resource_id=draft.id,
        expected_version=draft.version,
        part_id=an_id(902),
        title="A film",
        licence="LINK-ONLY",
        link="https://example.org/film",
    )
    with_link = world.resources.AddLinkPart(link, metadata=world.as_(ANN)).resource
    assert [part.link for part in with_link.draft.parts] == ["", "https://example.org/film"]

    removal = pb.RemovePartRequest(resource_id=draft.id, part_id=an_id(901), expected_version=with_link.version)
    left = world.resources.RemovePart(removal, metadata=world.as_(ANN)).resource

    assert [part.id for part in left.draft.parts] == [an_id(902)]
    with pytest.raises(NotFound, match="is a link"):
        world.download(draft.id, an_id(902))


def test_two_people_editing_one_resource_lose_nothing(world: World) -> None:
    draft = world.create()
    change = pb.UpdateResourceRequest(id=draft.id, expected_version=draft.version, words=draft.words)
    change.words.title = "Cath's title"
    world.resources.UpdateResource(change, metadata=world.as_(CATH))
    change.words.title = "Ann's title"

    with pytest.raises(Conflict, match="Somebody else changed this") as refused:
        world.resources.UpdateResource(change, metadata=world.as_(ANN))

    assert refused.value.fields["theirs.title"] == "Cath's title"
    assert refused.value.fields["yours.title"] == "Ann's title"


def test_long_texts_fit_into_the_refusal_of_two_people_editing(world: World) -> None:
    draft = world.create(summary="ü" * 1900)
    change = pb.UpdateResourceRequest(id=draft.id, expected_version=99, words=draft.words)
    change.words.summary = "ß" * 2000
    change.words.title = "é" * 200

    with pytest.raises(Conflict) as refused:
        world.resources.UpdateResource(change, metadata=world.as_(ANN))

    assert refused.value.fields["yours.summary"].startswith("ßßß")


def test_a_draft_is_hidden_from_everybody_but_its_author_and_convenors(world: World) -> None:
    draft = world.create()

    assert world.get(draft.id, CATH).resource.state == RESOURCE_STATE_DRAFT
    for person in (BEN, OTHER_COMMUNITY, None):
        with pytest.raises(NotFound):
            world.get(draft.id, person)


def test_only_a_convenor_shares_with_the_region(world: World) -> None:
    draft = world.add_file(world.create())

    with pytest.raises(NotAllowed, match="ask a convenor"):
        world.publish(draft, person=ANN)

    assert not world.get(draft.id, ANN).resource.may_publish_widely
    assert world.get(draft.id, CATH).resource.may_publish_widely


def test_public_resources_are_read_and_found_without_signing_in_and_no_others(world: World) -> None:
    public = world.published(1, audience_pb2.AUDIENCE_PUBLIC)
    regional = world.published(2, audience_pb2.AUDIENCE_REGION)
    world.found(regional.id)

    assert world.search(person=None) == [public.id]
    shown = world.get(public.id, None)
    assert (shown.resource.id, shown.resource.may_change) == (public.id, False)
    assert world.download(public.id, an_id(901), None)[1] == PDF
    for refused in (lambda: world.get(regional.id, None), lambda: world.download(regional.id, an_id(901), None)):
        with pytest.raises(NotFound):
            refused()


def test_a_communitys_resource_is_found_by_its_members_alone(world: World) -> None:
    item = world.published(1, audience_pb2.AUDIENCE_COMMUNITY)

    world.found(item.id, person=BEN)

    assert world.search(person=OTHER_COMMUNITY) == []
    with pytest.raises(NotFound):
        world.get(item.id, OTHER_COMMUNITY)


def test_a_new_edition_is_drafted_beside_the_published_one(world: World) -> None:
    first = world.published()
    request = pb.StartEditionRequest(id=first.id, expected_version=first.version)
    drafting = world.resources.StartEdition(request, metadata=world.as_(ANN)).resource
    with_picture = world.add_file(drafting, PNG, part_id=an_id(903), file_name="cup.png")

    assert not world.get(first.id, BEN).resource.HasField("draft")
    with pytest.raises(NotFound):
        world.download(first.id, an_id(903), BEN)

    second = world.publish(with_picture, note="With a picture")

    assert [(edition.number, len(edition.parts)) for edition in second.editions] == [(1, 1), (2, 2)]
    assert world.download(first.id, an_id(903), BEN)[1] == PNG


def test_what_is_withdrawn_leaves_the_shelf_with_its_reason(world: World) -> None:
    item = world.published()
    world.found(item.id)

    request = pb.WithdrawResourceRequest(id=item.id, expected_version=item.version, reason="The dose was wrong.")
    world.resources.WithdrawResource(request, metadata=world.as_(CATH))

    until(lambda: world.search() == [], "it leaves the shelf")
    shown = world.get(item.id, BEN).resource
    assert (shown.state, shown.withdrawn_because) == (RESOURCE_STATE_WITHDRAWN, "The dose was wrong.")
    assert len(shown.editions) == 0
    listed = world.resources.ListDrafts(pb.ListDraftsRequest(), metadata=world.as_(ANN)).resources
    assert [resource.id for resource in listed] == [item.id]


def test_a_home_says_we_use_this_and_only_with_its_tick_its_name_is_shown(world: World) -> None:
    item = world.published()
    request = pb.AdoptResourceRequest(id=an_id(5), resource_id=item.id, stage="trialling", locality="Mansfield")
    quiet = world.resources.AdoptResource(request, metadata=world.as_(BEN)).adoption
    request.stage, request.show_organisation = "adopted", True

    named = world.resources.AdoptResource(request, metadata=world.as_(BEN)).adoption

    assert (quiet.organisation, named.organisation, named.version, named.mine) == ("", "Sherwood Lodge", 2, True)
    shown = world.get(item.id, ANN)
    assert (shown.resource.used_by, [each.mine for each in shown.adoptions]) == (1, [False])


def test_its_author_pages_through_all_who_use_it(world: World) -> None:
    item = world.published()
    for number, person in enumerate((ANN, BEN, CATH), 5):
        request = pb.AdoptResourceRequest(id=an_id(number), resource_id=item.id, stage="adopted", locality="Mansfield")
        world.resources.AdoptResource(request, metadata=world.as_(person))

    asked = pb.ListAdoptionsRequest(resource_id=item.id, page_size=2)
    first = world.resources.ListAdoptions(asked, metadata=world.as_(ANN))
    asked.page_token = first.next_page_token
    rest = world.resources.ListAdoptions(asked, metadata=world.as_(ANN))

    assert (len(first.adoptions), len(rest.adoptions), rest.next_page_token) == (2, 1, "")
    assert {each.id for each in (*first.adoptions, *rest.adoptions)} == {an_id(5), an_id(6), an_id(7)}


def test_pages_of_search_do_not_repeat_or_lose_anything(world: World) -> None:
    ids = {world.published(number).id for number in range(1, 8)}
    until(lambda: len(world.search()) == 7, "all are found")

    listed, token = [], ""
    while True:
        page = world.page(page_size=3, page_token=token)
        listed += [hit.id for hit in page.hits]
        token = page.next_page_token
        if not token:
            break

    assert (len(listed), set(listed), page.total) == (7, ids, 7)
    with pytest.raises(Invalid):
        world.page(page_token="nonsense")


def test_a_correction_is_found_by_its_new_words_within_a_moment(world: World) -> None:
    item = world.published()
    change = pb.UpdateResourceRequest(id=item.id, expected_version=item.version, words=item.words)
    change.words.title = "Unforgettable smoothies"
    corrected = world.resources.UpdateResource(change, metadata=world.as_(CATH)).resource

    world.found(item.id, "smoothie")

    assert (corrected.version, len(corrected.editions)) == (item.version + 1, 1)


def test_downloads_are_counted(world: World) -> None:
    item = world.published()

    for _ in range(3):
        world.download(item.id, an_id(901))

    until(lambda: world.get(item.id).resource.downloads == 3, "the downloads are counted")


def test_the_vocabulary_is_given_to_everybody(world: World) -> None:
    words = world.resources.GetVocabulary(pb.GetVocabularyRequest())

    assert (len(words.types), len(words.topics), len(words.licences)) == (14, 34, 6)
    assert all(licence.plain for licence in words.licences)


@pytest.mark.parametrize(
    "since", ["2026-01-01T00:00:00", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "yesterday"]
)
def test_a_place_in_a_list_that_nobody_gave_out_is_refused_or_finds_nothing_wrong(world: World, since: str) -> None:
    asked = pb.ListDraftsRequest(page_token=pages.encode_token(since, an_id(1)))

    try:
        world.resources.ListDrafts(asked, metadata=world.as_(ANN))
    except Invalid as refused:
        assert "first page" in refused.sentence
