"""Asking to join over rpc: who looks at a question, who answers it, and what is left of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR
from fosse.membership.v1 import joining_pb2, membership_pb2
from fosse.membership.v1.directory_pb2_grpc import DirectoryStub
from fosse.membership.v1.joining_pb2_grpc import JoiningStub
from services.common import pages
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from tests.databases import SqliteDatabases
from tests.node.membership_world import ANN, BEN, EVE, MakeStub, World, listing, membership_with_three, stubs
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, an_id


@pytest.fixture
def world(sqlite_databases: SqliteDatabases, tmp_path: Path) -> Iterator[World]:
    with membership_with_three(sqlite_databases, tmp_path) as running:
        yield running


@pytest.fixture
def stub(tmp_path: Path, world: World) -> Iterator[MakeStub]:
    with stubs(tmp_path) as make:
        yield make


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


def test_a_convenor_looks_at_one_who_waits_until_they_are_answered(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    ask(world, joining)
    asked = joining_pb2.GetJoinRequestRequest(join_request_id=an_id(80))

    found = joining.GetJoinRequest(asked, metadata=world.as_person("ann")).request
    with pytest.raises(NotAllowed):
        joining.GetJoinRequest(asked, metadata=world.as_person("ben"))
    vouch(world, joining)

    assert (found.id, found.name, found.community_id) == (an_id(80), "Ida Example", CARE_HOMES)
    with pytest.raises(NotFound, match="it was answered"):
        joining.GetJoinRequest(asked, metadata=world.as_person("ann"))


def test_a_convenor_of_elsewhere_looks_at_nobody_who_waits_here(world: World, stub: Any) -> None:
    joining = stub(JoiningStub)
    world.operator.PutCommunity(membership_pb2.PutCommunityRequest(id=SOCIAL_CARE, name="Social care"))
    world.put_member(an_id(4), "Sol Example", community_id=SOCIAL_CARE, roles=[ROLE_CONVENOR])
    world.accept("sol", world.invite(an_id(4), 5))
    ask(world, joining)

    with pytest.raises(NotAllowed):
        asked = joining_pb2.GetJoinRequestRequest(join_request_id=an_id(80))
        joining.GetJoinRequest(asked, metadata=world.as_person("sol"))


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
