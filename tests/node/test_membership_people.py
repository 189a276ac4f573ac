"""The directory and imports over rpc: who sees what, and what privacy choices keep from whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fosse.membership.v1 import directory_pb2, importing_pb2, membership_pb2
from fosse.membership.v1.directory_pb2_grpc import DirectoryStub
from fosse.membership.v1.importing_pb2_grpc import ImportingStub
from services.common import pages
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.membership_world import ANN, BEN, EVE, MakeStub, World, listing, membership_with_three, stubs
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, an_id
from tests.waiting import until

APPLIED = importing_pb2.IMPORT_STATE_APPLIED
CHECKED = importing_pb2.IMPORT_STATE_CHECKED
CSV = (
    b"name;email;organisation;topics\r\nCy Example;cy@oak.example;Oak House;falls\r\nDi Example;nowhere;Oak House;\r\n"
)


@pytest.fixture
def world(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[World]:
    with membership_with_three(sqlite_databases, tmp_path) as running:
        yield running


@pytest.fixture
def stub(tmp_path: Path, world: World) -> Iterator[MakeStub]:
    with stubs(tmp_path) as make:
        yield make


def hide(world: World, directory: Any, subject: str, **choices: bool) -> None:
    mine = world.as_person(subject)
    profile = directory.GetProfile(directory_pb2.GetProfileRequest(), metadata=mine).profile
    for name, value in choices.items():
        setattr(profile, name, value)
    directory.UpdateProfile(directory_pb2.UpdateProfileRequest(profile=profile), metadata=mine)


def test_members_see_who_is_listed_and_addresses_only_where_they_are_shown(world: World, stub: Any) -> None:
    directory = stub(DirectoryStub)
    hide(world, directory, "ann", email_shown=True)

    assert listing(world, directory, "ben") == {"Ann Example": "", "Ben Example": "ben@home.example", "Eve Example": ""}
    assert listing(world, directory, "ann")["Eve Example"] == "eve@home.example"


def test_who_is_not_listed_is_found_by_convenors_alone(world: World, stub: Any) -> None:
    directory = stub(DirectoryStub)
    hide(world, directory, "eve", listed=False)

    found = [listing(world, directory, "ben", **how) for how in ({}, {"words": "eve"}, {"words": "example"})]
    cards = world.gateway.Cards(membership_pb2.CardsRequest(member_ids=[EVE]), metadata=world.as_person("ben"))

    assert all("Eve Example" not in each for each in found)
    assert [card.shown_as for card in cards.members] == ["A member"]
    with pytest.raises(NotFound):
        directory.GetMember(directory_pb2.GetMemberRequest(member_id=EVE), metadata=world.as_person("ben"))
    assert "Eve Example" in listing(world, directory, "ann")


def test_a_made_up_page_tells_nothing_of_who_is_not_listed(world: World, stub: Any) -> None:
    directory = stub(DirectoryStub)
    hide(world, directory, "eve", listed=False)
    told = []

    for member_id in (EVE, an_id(999)):
        with pytest.raises(Invalid) as refused:
            listing(world, directory, "ben", page_token=pages.encode_token(member_id))
        told.append(refused.value.sentence)

    assert told[0] == told[1] and "Start again from the first page" in told[0]
    assert listing(world, directory, "ann", page_token=pages.encode_token(EVE)) == {}


def test_a_made_up_page_tells_nothing_of_members_and_organisations_of_elsewhere(world: World, stub: Any) -> None:
    world.operator.PutCommunity(membership_pb2.PutCommunityRequest(id=SOCIAL_CARE, name="Social care"))
    elm = membership_pb2.Organisation(id=an_id(60), name="Elm House")
    world.operator.PutOrganisation(membership_pb2.PutOrganisationRequest(organisation=elm))
    world.put_member(an_id(61), "Fay Example", community_id=SOCIAL_CARE, organisation_id=an_id(60))
    ann = world.as_person("ann")

    for number in (61, 999):
        asked = membership_pb2.ListMembersRequest(community_id=CARE_HOMES, page_token=pages.encode_token(an_id(number)))
        with pytest.raises(Invalid, match="Start again from the first page"):
            world.gateway.ListMembers(asked, metadata=ann)
    for number in (60, 999):
        token = pages.encode_token(an_id(number))
        homes = directory_pb2.ListOrganisationsRequest(community_id=CARE_HOMES, page_token=token)
        with pytest.raises(Invalid, match="Start again from the first page"):
            stub(DirectoryStub).ListOrganisations(homes, metadata=ann)


def test_page_after_page_shows_everybody_who_is_listed_once(world: World, stub: Any) -> None:
    directory, mine, seen, token = stub(DirectoryStub), world.as_person("ben"), list[str](), ""
    world.put_member(an_id(9), "ann example")

    while True:
        asked = directory_pb2.ListDirectoryRequest(community_id=CARE_HOMES, page_size=1, page_token=token)
        page = directory.ListDirectory(asked, metadata=mine)
        seen += [each.member_id for each in page.entries]
        token = page.next_page_token
        if not token:
            break

    assert seen == [ANN, an_id(9), BEN, EVE]


def test_words_never_search_in_addresses(world: World, stub: Any) -> None:
    assert listing(world, stub(DirectoryStub), "ann", words="home.example") == {}


def test_a_member_who_left_is_not_in_the_directory(world: World, stub: Any) -> None:
    world.put_member(EVE, "Eve Example", email="eve@home.example", left=True, version=1)

    assert "Eve Example" not in listing(world, stub(DirectoryStub), "ann")
    with pytest.raises(NotFound):
        stub(DirectoryStub).GetMember(directory_pb2.GetMemberRequest(member_id=EVE), metadata=world.as_person("ben"))


def test_a_convenor_who_edits_a_member_leaves_their_choices_as_they_are(world: World, stub: Any) -> None:
    directory = stub(DirectoryStub)
    hide(world, directory, "eve", listed=False)
    seen = directory.GetMember(directory_pb2.GetMemberRequest(member_id=EVE), metadata=world.as_person("ann"))
    seen.member.job_title = "Matron"

    world.gateway.PutMember(membership_pb2.PutMemberRequest(member=seen.member), metadata=world.as_person("ann"))

    profile = directory.GetProfile(directory_pb2.GetProfileRequest(), metadata=world.as_person("eve")).profile
    assert (profile.job_title, profile.listed) == ("Matron", False)


def test_two_windows_on_one_profile_do_not_write_over_each_other(world: World, stub: Any) -> None:
    directory, mine = stub(DirectoryStub), world.as_person("eve")
    first = directory.GetProfile(directory_pb2.GetProfileRequest(), metadata=mine).profile
    hide(world, directory, "eve", listed=False)
    first.name = "Eve Other"

    with pytest.raises(Conflict):
        directory.UpdateProfile(directory_pb2.UpdateProfileRequest(profile=first), metadata=mine)


def test_notification_reads_all_ids_in_order(world: World, stub: Any) -> None:
    directory = stub(DirectoryStub, "notification")

    whole = directory.ListMemberIds(directory_pb2.ListMemberIdsRequest(community_id=CARE_HOMES)).member_ids
    rest = directory.ListMemberIds(directory_pb2.ListMemberIdsRequest(community_id=CARE_HOMES, after_id=ANN)).member_ids

    assert list(whole) == [ANN, BEN, EVE] and list(rest) == [BEN, EVE]


def test_a_convenor_checks_and_applies_a_file(world: World, stub: Any) -> None:
    importing, mine = stub(ImportingStub), world.as_person("ann")
    asked = importing_pb2.CheckImportRequest(id=an_id(70), community_id=CARE_HOMES, csv=CSV)

    def found() -> Any:
        return importing.GetImport(importing_pb2.GetImportRequest(id=an_id(70)), metadata=mine)

    importing.CheckImport(asked, metadata=mine)
    until(lambda: getattr(found(), "import").state == CHECKED, "the file is checked")
    bad = [(cell.line, cell.column) for cell in found().bad_cells]
    importing.ApplyImport(importing_pb2.ApplyImportRequest(id=an_id(70)), metadata=mine)
    until(lambda: getattr(found(), "import").state == APPLIED, "the rows are applied")

    directory = stub(DirectoryStub)
    assert bad == [(3, "email")]
    assert listing(world, directory, "ben", topic="falls") == {"Cy Example": ""}
    asked_homes = directory_pb2.ListOrganisationsRequest(community_id=CARE_HOMES)
    homes = directory.ListOrganisations(asked_homes, metadata=world.as_person("ben")).organisations
    assert [home.name for home in homes] == ["Oak House"]


def test_a_member_imports_nothing(world: World, stub: Any) -> None:
    asked = importing_pb2.CheckImportRequest(id=an_id(71), community_id=CARE_HOMES, csv=CSV)

    with pytest.raises(NotAllowed):
        stub(ImportingStub).CheckImport(asked, metadata=world.as_person("ben"))
