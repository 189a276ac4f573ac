"""Signed links and acting for a member: what is decided."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.common.access import Person, Role
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.membership.domain import links
from services.membership.domain.links import Link, Purpose
from services.membership.keys import InvitationCodes, LinkCodes
from tests.alone import HeldClock
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, a_convenor, a_member, a_person, an_id, an_operator

NOW = HeldClock()()
LINK = Link(an_id(50), an_id(1), Purpose.BOOK, an_id(70), NOW + timedelta(days=30))


def test_a_link_lasts_ninety_days_at_most() -> None:
    longest = replace(LINK, expires_at=NOW + timedelta(days=90))

    assert links.make(longest, None, a_member(), NOW) == longest
    for wrong in (NOW + timedelta(days=90, seconds=1), NOW, NOW - timedelta(days=1)):
        with pytest.raises(Invalid, match="90 days"):
            links.make(replace(LINK, expires_at=wrong), None, a_member(), NOW)


def test_whoever_has_left_or_was_never_here_gets_no_link() -> None:
    assert links.make(LINK, None, a_member(left=True), NOW) is None
    assert links.make(LINK, None, None, NOW) is None
    assert links.make(LINK, LINK, a_member(left=True), NOW) is None


def test_asking_again_later_answers_the_link_as_it_was_made() -> None:
    again = replace(LINK, expires_at=NOW - timedelta(days=1))

    assert links.make(again, LINK, a_member(), NOW) == LINK


def test_one_id_is_never_two_links() -> None:
    other = replace(LINK, object_id=an_id(71))

    with pytest.raises(Conflict, match="another link"):
        links.make(other, LINK, a_member(), NOW)
    with pytest.raises(Invalid, match="id of its own"):
        links.refuse_many([LINK, other])


def test_a_hundred_links_are_made_at_once_and_no_more() -> None:
    links.refuse_many([replace(LINK, id=an_id(number)) for number in range(100)])

    with pytest.raises(Invalid, match="At most 100"):
        links.refuse_many([replace(LINK, id=an_id(number)) for number in range(101)])


def test_a_link_that_opens_nothing_says_what_to_do() -> None:
    closed = {
        "has left": (LINK, a_member(left=True)),
        "was ended": (replace(LINK, revoked_at=NOW), a_member()),
        "has run out": (replace(LINK, expires_at=NOW), a_member()),
    }

    for sentence, (link, member) in closed.items():
        with pytest.raises(Conflict, match=f"{sentence}.*[Nn]othing was changed"):
            links.open_with(link, member, NOW)
    with pytest.raises(NotFound, match="Nothing was changed"):
        links.open_with(None, None, NOW)
    assert links.open_with(replace(LINK, first_used_at=NOW), a_member(), NOW)[1] == a_member()


def test_a_link_says_for_whom_it_is_without_saying_who_that_is() -> None:
    names = ("Ada Longstaff", "Ada Maria van der Longstaff", "Ada", " Özlem  Ünal ")

    assert [links.made_for(name) for name in names] == ["Ada L.", "Ada L.", "Ada", "Özlem Ü."]


@pytest.mark.parametrize("asker", [a_person(1), a_convenor(), an_operator(), "operator"])
def test_links_are_ended_by_the_member_a_convenor_or_the_operator(asker: Person | str) -> None:
    links.may_revoke(asker, a_member())


@pytest.mark.parametrize("asker", [a_person(2), a_convenor(community=SOCIAL_CARE)])
def test_nobody_else_ends_a_members_links(asker: Person) -> None:
    with pytest.raises(NotAllowed, match="your own links"):
        links.may_revoke(asker, a_member())


def test_a_convenor_acts_for_a_member_in_the_communities_they_share_only() -> None:
    both = a_member(roles=[Role.ROLE_REVIEWER])
    both = replace(both, roles={**both.roles, SOCIAL_CARE: frozenset({Role.ROLE_MEMBER, Role.ROLE_CONVENOR})})

    acted_for = links.act_for(a_convenor(), both)

    assert acted_for.roles == {CARE_HOMES: frozenset({Role.ROLE_MEMBER, Role.ROLE_REVIEWER})}


def test_a_convenor_does_not_act_for_those_they_may_not_manage() -> None:
    for beyond in (
        a_member(operator=True),
        a_member(roles=[Role.ROLE_REGIONAL_LEAD]),
        a_member(community=SOCIAL_CARE),
    ):
        with pytest.raises(NotAllowed, match="own community"):
            links.act_for(a_convenor(), beyond)
    with pytest.raises(NotAllowed, match="own community"):
        links.act_for(a_person(2), a_member())
    with pytest.raises(NotAllowed, match="as yourself"):
        links.act_for(a_convenor(1), a_member(1))
    with pytest.raises(Conflict, match="has left"):
        links.act_for(a_convenor(), a_member(left=True))


def test_codes_of_links_and_of_invitations_never_stand_for_each_other(tmp_path: Path) -> None:
    ours, invitations = LinkCodes(tmp_path / "link.key"), InvitationCodes(tmp_path / "invitation.key")

    assert len(ours.code(an_id(1))) == 32
    assert ours.code(an_id(1)) == LinkCodes(tmp_path / "link.key").code(an_id(1))
    assert ours.code(an_id(1)) != invitations.code(an_id(1))
