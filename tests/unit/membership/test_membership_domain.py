"""Who may change whom, and what is refused before anything is saved."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.common.access import Role
from services.common.errors import Conflict, Invalid, NotAllowed
from services.membership import domain
from services.membership.domain import Community, Invitation, Locality, Organisation
from services.membership.domain.members import CONVENOR_GIVES
from tests.alone import HeldClock
from tests.unit.membership.people import (
    CARE_HOMES,
    SOCIAL_CARE,
    a_convenor,
    a_member,
    a_person,
    an_id,
    an_operator,
)

NOW = HeldClock()()
BEYOND_A_CONVENOR = [Role.ROLE_REGIONAL_LEAD, Role.ROLE_OPERATOR]


@pytest.mark.parametrize("role", sorted(CONVENOR_GIVES))
def test_a_convenor_gives_members_of_the_own_community_the_roles_up_to_the_own(role: int) -> None:
    put = domain.put_member(a_convenor(), None, a_member(roles=[role]))

    assert role in put.roles[CARE_HOMES] and put.version == 1


def test_a_convenor_names_no_regional_lead_and_no_operator() -> None:
    for wanted in (a_member(roles=[Role.ROLE_REGIONAL_LEAD]), a_member(operator=True)):
        with pytest.raises(NotAllowed, match="ask the operator"):
            domain.put_member(a_convenor(), None, wanted)


def test_a_convenor_cannot_change_an_operator_nor_take_the_role_away() -> None:
    operator = a_member(operator=True, version=3)

    for wanted in (
        replace(operator, operator=False),
        replace(operator, left=True),
        replace(operator, email="x@y.example"),
    ):
        with pytest.raises(NotAllowed):
            domain.put_member(a_convenor(), operator, wanted)


def test_a_convenor_moves_nobody_in_from_or_out_to_another_community() -> None:
    here, there = a_member(version=1), a_member(version=1, community=SOCIAL_CARE)

    with pytest.raises(NotAllowed):
        domain.put_member(a_convenor(), there, here)
    with pytest.raises(NotAllowed):
        domain.put_member(a_convenor(), here, there)


def test_a_member_without_a_role_changes_nobody() -> None:
    with pytest.raises(NotAllowed):
        domain.put_member(a_person(1), a_member(1, version=1), a_member(1, name="Me Myself", version=1))


@pytest.mark.parametrize("role", sorted(CONVENOR_GIVES - {Role.ROLE_MEMBER, Role.ROLE_CONVENOR}))
def test_nobody_gives_themselves_a_role_not_even_a_convenor(role: int) -> None:
    before = a_member(90, roles=[Role.ROLE_CONVENOR], version=1)

    with pytest.raises(NotAllowed, match="Nobody may give themselves"):
        domain.put_member(a_convenor(90), before, a_member(90, roles=[Role.ROLE_CONVENOR, role], version=1))


def test_not_even_an_operator_gives_themselves_a_role() -> None:
    before = a_member(99, operator=True, version=1)

    with pytest.raises(NotAllowed, match="Nobody may give themselves"):
        domain.put_member(an_operator(99), before, a_member(99, operator=True, roles=[2], version=1))


def test_a_convenor_may_lay_down_the_own_role() -> None:
    before = a_member(90, roles=[Role.ROLE_CONVENOR], version=1)

    assert domain.put_member(a_convenor(90), before, a_member(90, version=1)).version == 2


def test_the_operator_at_the_command_line_may_do_all_of_this() -> None:
    put = domain.put_member("operator", None, a_member(operator=True, roles=BEYOND_A_CONVENOR[:1]))

    assert put.operator


def test_saying_the_same_again_changes_nothing_whatever_version_was_seen() -> None:
    before = a_member(version=4, bound=True)

    assert domain.put_member("operator", before, a_member(version=0)) == before


def test_a_change_of_a_version_that_is_past_is_refused_with_what_it_says_now() -> None:
    before = a_member(name="Ann Examplar", version=2)

    with pytest.raises(Conflict) as refused:
        domain.put_member("operator", before, a_member(name="Annie", version=1))

    assert refused.value.fields == {"name": "It now says: Ann Examplar"}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "x" * 121),
        ("name", "Ann\u202eelpmaxE"),
        ("email", "ann"),
        ("email", "ann@home"),
        ("email", "ann@home.example\r\nBcc: all@home.example"),
        ("email", "Ann <ann@home.example>"),
        ("job_title", "x" * 121),
    ],
)
def test_what_cannot_be_used_is_told_beside_its_field(field: str, text: str) -> None:
    given: dict[str, Any] = {field: text}

    with pytest.raises(Invalid) as refused:
        domain.put_member("operator", None, a_member(**given))

    assert list(refused.value.fields) == [field]


def test_a_member_belongs_somewhere() -> None:
    with pytest.raises(Invalid, match="belongs to a community"):
        domain.put_member("operator", None, replace(a_member(), roles={}))


def test_beside_what_travels_stands_the_name_only_where_the_member_agreed() -> None:
    assert a_member(name="Ann Example").shown_as("Oak House") == "Oak House"
    assert a_member(name="Ann Example", name_travels=True).shown_as("Oak House") == "Ann Example"


def test_inside_the_own_community_people_know_each_other_by_name() -> None:
    member = a_member(1, name="Ann Example")

    assert domain.card_for(a_person(2), member, "Oak House").shown_as == "Ann Example"
    assert domain.card_for(a_person(2, SOCIAL_CARE), member, "Oak House").shown_as == "Oak House"


def test_only_the_operator_makes_communities() -> None:
    with pytest.raises(NotAllowed):
        domain.put_community(a_convenor(), Community(CARE_HOMES, "Care homes"))


def test_a_convenor_changes_an_organisation_only_while_it_is_of_the_own_community() -> None:
    home = Organisation(an_id(5), "Oak House")

    assert domain.put_organisation(a_convenor(), home, {CARE_HOMES}, successors=()) == home
    with pytest.raises(NotAllowed, match="another community"):
        domain.put_organisation(a_convenor(), home, {CARE_HOMES, SOCIAL_CARE}, successors=())
    with pytest.raises(NotAllowed, match="another community"):
        domain.put_locality(a_convenor(), Locality("04K", "Nottingham City"), {SOCIAL_CARE})


def test_an_organisation_does_not_end_before_it_begins_nor_follow_itself() -> None:
    home = Organisation(an_id(5), "Oak House", valid_from=date(2020, 4, 1), valid_to=date(2020, 3, 31))
    heir = Organisation(an_id(6), "Elm House", valid_to=date(2020, 3, 31), succeeded_by=an_id(7))

    with pytest.raises(Invalid, match="before it begins"):
        domain.put_organisation("operator", home, (), successors=())
    with pytest.raises(Invalid, match="follow itself"):
        domain.put_organisation("operator", heir, (), successors=[an_id(7), an_id(6)])
    with pytest.raises(Invalid, match="the day on which it ended"):
        domain.put_organisation("operator", replace(heir, valid_to=None), (), successors=())


def test_whoever_may_not_change_a_member_hands_out_no_link_for_them() -> None:
    for member in (a_member(operator=True), a_member(community=SOCIAL_CARE), a_member(roles=[Role.ROLE_REGIONAL_LEAD])):
        with pytest.raises(NotAllowed):
            domain.invite(a_convenor(), member, an_id(9), NOW)


def test_nobody_is_invited_who_left_or_signs_in_already() -> None:
    for member in (a_member(left=True), a_member(bound=True)):
        with pytest.raises(Conflict):
            domain.invite(a_convenor(), member, an_id(9), NOW)


def test_an_invitation_binds_nobody_who_is_bound_and_nobody_who_left() -> None:
    invitation = Invitation(an_id(9), an_id(1), NOW.replace(year=2030))

    for member, held_by in ((a_member(bound=True), ""), (a_member(left=True), ""), (a_member(), an_id(2))):
        with pytest.raises(Conflict):
            domain.accept(invitation, member, held_by, NOW)
