"""Membership as the gateway and the command line meet it: a real server, a real provider, real tokens."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_OPERATOR
from fosse.membership.v1 import membership_pb2 as pb
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound, TooMany
from services.common.passes import PassVerifier
from tests.databases import SqliteDatabases
from tests.node.membership_world import ANN, BEN, EVE, World, membership_with_ann
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, an_id


@pytest.fixture
def world(tmp_path: Path, sqlite_databases: SqliteDatabases) -> Iterator[World]:
    with membership_with_ann(sqlite_databases, tmp_path) as world:
        yield world


def test_a_member_who_opened_the_invitation_signs_in_and_sees_who_they_are_here(world: World) -> None:
    me = world.gateway.GetMe(pb.GetMeRequest(), metadata=world.as_person("ann"))

    assert (me.member_id, me.name) == (ANN, "Ann Example")
    assert [(each.community_name, ROLE_CONVENOR in each.roles) for each in me.communities] == [("Care homes", True)]


def test_whoever_was_not_invited_is_told_to_open_the_invitation_link(world: World) -> None:
    with pytest.raises(NotAllowed, match="Open the invitation link"):
        world.pass_for("stranger")


def test_a_pass_says_where_its_member_works_and_as_whom_they_are_shown(world: World) -> None:
    world.operator.PutLocality(pb.PutLocalityRequest(locality=pb.Locality(id="04K", name="Nottingham City")))
    world.operator.PutOrganisation(
        pb.PutOrganisationRequest(organisation=pb.Organisation(id=an_id(5), name="Oak House"))
    )
    world.put_member(
        ANN, "Ann Example", roles=[ROLE_CONVENOR], organisation_id=an_id(5), locality_ids=["04K"], version=1
    )

    ann = PassVerifier(world.pass_keys, world.clock).verify(world.pass_for("ann"))

    assert (ann.organisation_name, ann.shown_as, ann.localities) == ("Oak House", "Oak House", ("04K",))


def test_a_pass_lasts_sixty_seconds_and_is_verified_with_the_keys_given_out(world: World) -> None:
    verifier = PassVerifier(world.pass_keys, world.clock)

    token = world.pass_for("ann")

    assert verifier.verify(token).member_id == ANN
    world.clock.now += timedelta(seconds=60)
    with pytest.raises(NotAllowed):
        verifier.verify(token)


def test_a_member_who_left_gets_no_further_pass(world: World) -> None:
    world.put_member(ANN, "Ann Example", roles=[ROLE_CONVENOR], left=True, version=1)

    with pytest.raises(NotAllowed, match="no longer a member"):
        world.pass_for("ann")


def test_an_invitation_link_works_once(world: World) -> None:
    world.put_member(BEN, "Ben Example")
    code = world.invite(BEN, form=2)

    assert world.accept("ben", code) == BEN
    with pytest.raises(Conflict, match="used already"):
        world.accept("ben", code)


def test_a_sign_in_is_bound_to_one_member_only(world: World) -> None:
    world.put_member(BEN, "Ben Example")

    with pytest.raises(Conflict, match="belongs to a member already"):
        world.accept("ann", world.invite(BEN, form=2))


def test_an_invitation_link_expires_after_thirty_days(world: World) -> None:
    world.put_member(BEN, "Ben Example")
    code = world.invite(BEN, form=2)

    world.clock.now += timedelta(days=30)

    with pytest.raises(Conflict, match="expired"):
        world.accept("ben", code)


def test_a_made_up_invitation_code_opens_nothing(world: World) -> None:
    with pytest.raises(NotFound, match="not known here"):
        world.accept("eve", "a" * 32)


def test_sending_the_invitation_form_twice_answers_the_same_link(world: World) -> None:
    world.put_member(BEN, "Ben Example")

    assert world.invite(BEN, form=2) == world.invite(BEN, form=2)


def test_a_newer_invitation_ends_the_older_one(world: World) -> None:
    world.put_member(BEN, "Ben Example")
    older, newer = world.invite(BEN, form=2), world.invite(BEN, form=3)

    with pytest.raises(Conflict, match="expired"):
        world.accept("ben", older)
    assert world.accept("ben", newer) == BEN


def test_a_link_made_before_its_member_was_given_more_opens_nothing(world: World) -> None:
    world.put_member(BEN, "Ben Example")
    code = world.invite(BEN, form=2)

    world.put_member(BEN, "Ben Example", roles=[ROLE_OPERATOR], version=1)

    with pytest.raises(Conflict, match="expired"):
        world.accept("eve", code)


def test_a_convenor_adds_members_of_the_own_community_and_of_no_other(world: World) -> None:
    world.operator.PutCommunity(pb.PutCommunityRequest(id=SOCIAL_CARE, name="Social care"))
    ben = pb.Member(id=BEN, name="Ben Example", community_id=CARE_HOMES)
    eve = pb.Member(id=EVE, name="Eve Example", community_id=SOCIAL_CARE)

    put = world.gateway.PutMember(pb.PutMemberRequest(member=ben), metadata=world.as_person("ann")).member

    assert put.version == 1
    with pytest.raises(NotAllowed, match="own community"):
        world.gateway.PutMember(pb.PutMemberRequest(member=eve), metadata=world.as_person("ann"))
    with pytest.raises(NotAllowed):
        request = pb.ListMembersRequest(community_id=SOCIAL_CARE)
        world.gateway.ListMembers(request, metadata=world.as_person("ann"))


def test_a_convenor_makes_nobody_an_operator(world: World) -> None:
    ben = pb.Member(id=BEN, name="Ben Example", community_id=CARE_HOMES, roles=[ROLE_OPERATOR])

    with pytest.raises(NotAllowed, match="ask the operator"):
        world.gateway.PutMember(pb.PutMemberRequest(member=ben), metadata=world.as_person("ann"))


def test_adding_the_same_member_twice_makes_no_double(world: World) -> None:
    first = world.put_member(BEN, "Ben Example", email="ben@home.example")
    again = world.put_member(BEN, "Ben Example", email="ben@home.example")

    assert first == again
    listed = world.operator.ListMembers(pb.ListMembersRequest(community_id=CARE_HOMES)).members
    assert [each.name for each in listed] == ["Ann Example", "Ben Example"]


def test_two_people_changing_one_member_do_not_overwrite_each_other(world: World) -> None:
    world.put_member(BEN, "Ben Example")
    world.put_member(BEN, "Ben Examplar", version=1)

    with pytest.raises(Conflict, match="Somebody else changed") as refused:
        world.put_member(BEN, "Benjamin Example", version=1)

    assert refused.value.fields == {"name": "It now says: Ben Examplar"}


def test_two_members_may_share_a_mailbox(world: World) -> None:
    world.put_member(BEN, "Ben Example", email="office@home.example")
    world.put_member(EVE, "Eve Example", email="office@home.example")

    contacts = world.notification.Contacts(pb.ContactsRequest(member_ids=[BEN, EVE])).contacts

    assert [each.email for each in contacts] == ["office@home.example"] * 2


def test_contacts_are_for_notification_alone(world: World) -> None:
    with pytest.raises(NotAllowed):
        world.gateway.Contacts(pb.ContactsRequest(member_ids=[ANN]), metadata=world.as_person("ann"))


def test_members_are_listed_by_name_in_pages_whose_address_names_nobody(world: World) -> None:
    for number in range(2, 8):
        world.put_member(an_id(number), f"Member {number}")
    names, token = [], ""

    while True:
        page = world.operator.ListMembers(pb.ListMembersRequest(community_id=CARE_HOMES, page_size=3, page_token=token))
        names += [each.name for each in page.members]
        token = page.next_page_token
        assert "Member" not in token
        if not token:
            break

    assert names == ["Ann Example", *(f"Member {number}" for number in range(2, 8))]


def test_a_member_sees_another_communitys_people_only_as_they_agreed_to_be_shown(world: World) -> None:
    world.operator.PutCommunity(pb.PutCommunityRequest(id=SOCIAL_CARE, name="Social care"))
    council = pb.Organisation(id=an_id(50), name="Example Council")
    world.operator.PutOrganisation(pb.PutOrganisationRequest(organisation=council))
    for member_id, travels in ((BEN, False), (EVE, True)):
        world.put_member(
            member_id,
            f"Person {member_id[-1]}",
            community_id=SOCIAL_CARE,
            organisation_id=an_id(50),
            name_travels=travels,
        )

    request = pb.CardsRequest(member_ids=[ANN, BEN, EVE, an_id(77)])
    cards = world.gateway.Cards(request, metadata=world.as_person("ann")).members

    shown = {card.member_id: card.shown_as for card in cards}
    assert shown == {ANN: "Ann Example", BEN: "Example Council", EVE: "Person 3"}


def test_a_provider_that_is_away_is_told_apart_from_a_bad_token(world: World) -> None:
    token = world.provider.token("ann", world.clock() + timedelta(hours=2))
    world.provider.go_away()
    world.clock.now += timedelta(hours=2)

    with pytest.raises(TooMany, match="does not answer"):
        world.gateway.IssuePass(pb.IssuePassRequest(access_token=token))


def test_a_role_that_does_not_exist_is_refused(world: World) -> None:
    with pytest.raises(Invalid, match="roles"):
        world.put_member(BEN, "Ben Example", roles=[0])
