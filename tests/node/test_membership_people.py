"""The directory, imports and joining over rpc: who sees what, and what privacy choices keep from whom."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import directory_pb2, importing_pb2, joining_pb2, membership_pb2
from fosse.membership.v1.directory_pb2_grpc import DirectoryStub
from fosse.membership.v1.importing_pb2_grpc import ImportingStub
from fosse.membership.v1.joining_pb2_grpc import JoiningStub
from services.common import pages
from services.common.channels import Channels
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.membership_world import ANN, BEN, EVE, World, membership_with_ann
from tests.unit.membership.people import CARE_HOMES, an_id
from tests.waiting import until

APPLIED = importing_pb2.IMPORT_STATE_APPLIED
CHECKED = importing_pb2.IMPORT_STATE_CHECKED
CSV = (
    b"name;email;organisation;topics\r\nCy Example;cy@oak.example;Oak House;falls\r\nDi Example;nowhere;Oak House;\r\n"
)


@pytest.fixture
def world(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[World]:
    with membership_with_ann(sqlite_databases, tmp_path) as running:
        running.put_member(BEN, "Ben Example", email="ben@home.example")
        running.accept("ben", running.invite(BEN, 2))
        running.put_member(EVE, "Eve Example", email="eve@home.example")
        running.accept("eve", running.invite(EVE, 3))
        yield running


@pytest.fixture
def stub(tmp_path: Path, world: World) -> Iterator[Callable[..., Any]]:
    made: list[Channels] = []

    def make(kind: Any, workload: str = "gateway") -> Any:
        made.append(Channels(tmp_path / "run", workload))
        return made[-1].stub(kind, "membership")

    yield make
    for each in made:
        each.close()


def hide(world: World, directory: Any, subject: str, **choices: bool) -> None:
    mine = world.as_person(subject)
    profile = directory.GetProfile(directory_pb2.GetProfileRequest(), metadata=mine).profile
    for name, value in choices.items():
        setattr(profile, name, value)
    directory.UpdateProfile(directory_pb2.UpdateProfileRequest(profile=profile), metadata=mine)


def listing(world: World, directory: Any, subject: str, **filters: Any) -> dict[str, str]:
    """Names with the addresses that this person sees."""
    asked = directory_pb2.ListDirectoryRequest(community_id=CARE_HOMES, **filters)
    found = directory.ListDirectory(asked, metadata=world.as_person(subject))
    return {each.name: each.email for each in found.entries}


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


def ask(world: World, joining: Any, subject: str = "ida", number: int = 80, name: str = "Ida Example") -> bool:
    asked = joining_pb2.AskToJoinRequest(
        id=an_id(number),
        access_token=world.provider.token(subject, world.clock()),
        community_id=CARE_HOMES,
        name=name,
        organisation="Oak House",
        about="Ann knows me.",
    )
    return bool(joining.AskToJoin(asked).asked_before)


def waiting(world: World, joining: Any) -> list[str]:
    asked = joining_pb2.ListJoinRequestsRequest(community_id=CARE_HOMES)
    return [each.name for each in joining.ListJoinRequests(asked, metadata=world.as_person("ann")).requests]


@pytest.mark.parametrize("day", ["2026-08-31", "0001-01-01T00:00:00+14:00"])
def test_a_page_of_people_waiting_that_nobody_made_is_no_fault_of_ours(world: World, stub: Any, day: str) -> None:
    asked = joining_pb2.ListJoinRequestsRequest(community_id=CARE_HOMES, page_token=pages.encode_token(day, an_id(1)))

    with suppress(Invalid):
        assert not stub(JoiningStub).ListJoinRequests(asked, metadata=world.as_person("ann")).requests


def vouch(world: World, joining: Any, member_id: str = "", who: str = "ann") -> str:
    asked = joining_pb2.VouchForRequest(join_request_id=an_id(80), member_id=member_id)
    return str(joining.VouchFor(asked, metadata=world.as_person(who)).member_id)


def test_a_new_person_is_in_once_a_convenor_vouches(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining)

    made, again = vouch(world, joining), vouch(world, joining)

    assert made == again and waiting(world, joining) == []
    assert world.pass_for("ida")
    assert "Ida Example" in listing(world, stub(DirectoryStub), "ben")


def test_vouching_for_somebody_on_the_list_ends_their_old_sign_in(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining, "ben-with-a-new-account")

    vouch(world, joining, BEN)

    assert world.pass_for("ben-with-a-new-account")
    with pytest.raises(NotAllowed):
        world.pass_for("ben")


def test_nobody_vouches_for_themselves(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining, "anns-second-account")

    with pytest.raises(NotAllowed, match="Nobody vouches for themselves"):
        vouch(world, joining, ANN)
    with pytest.raises(NotAllowed):
        vouch(world, joining, EVE, who="ben")


def test_asking_again_replaces_what_was_written(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)

    first, second = ask(world, joining), ask(world, joining, number=81, name="Ida Newname")

    assert (first, second, waiting(world, joining)) == (False, True, ["Ida Newname"])


def test_a_member_has_nothing_to_ask(world: World, stub: Any) -> None:
    with pytest.raises(Conflict, match="member already"):
        ask(world, stub(JoiningStub), "ben")


def test_declining_forgets_what_was_written(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining)

    declined = joining_pb2.DeclineJoinRequest(join_request_id=an_id(80))
    joining.DeclineJoin(declined, metadata=world.as_person("ann"))

    assert waiting(world, joining) == []
    with pytest.raises(NotFound):
        vouch(world, joining)


def test_who_accepts_an_invitation_no_longer_asks(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining, "ida")
    world.put_member(an_id(4), "Ida Example")

    world.accept("ida", world.invite(an_id(4), 5))

    assert waiting(world, joining) == []


def test_no_convenor_takes_the_place_of_an_operator(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    world.put_member(an_id(4), "Olu Example", roles=[6, ROLE_CONVENOR])
    ask(world, joining, "a-friend")

    with pytest.raises(NotFound):
        vouch(world, joining, an_id(4))
