"""What an operator's command makes of a member."""

from dataclasses import replace

import pytest

from fosse.common.v1.access_pb2 import ROLE_CONVENOR, ROLE_MEMBER, ROLE_OPERATOR, ROLE_REVIEWER
from services.common.errors import Conflict, Invalid
from services.membership.domain.members import Member
from services.membership.domain.standing import Standing, standing_as, with_roles
from tests.unit.membership.people import CARE_HOMES, an_id

SOCIAL_CARE = an_id(71)
ANN = Member(
    an_id(1),
    "Ann Example",
    roles={CARE_HOMES: frozenset({ROLE_MEMBER, ROLE_REVIEWER}), SOCIAL_CARE: frozenset({ROLE_MEMBER, ROLE_CONVENOR})},
)
NONE = frozenset[int]()


def test_roles_change_in_the_named_community_and_nowhere_else() -> None:
    changed = with_roles(ANN, CARE_HOMES, given=frozenset({ROLE_CONVENOR}), taken=frozenset({ROLE_REVIEWER}))

    assert changed.roles == {**ANN.roles, CARE_HOMES: {ROLE_MEMBER, ROLE_CONVENOR}}
    assert with_roles(changed, CARE_HOMES, given=frozenset({ROLE_CONVENOR}), taken=NONE) == changed


def test_a_role_in_another_community_makes_a_member_of_it() -> None:
    bert = replace(ANN, roles={CARE_HOMES: frozenset({ROLE_MEMBER})})

    given = with_roles(bert, SOCIAL_CARE, given=frozenset({ROLE_REVIEWER}), taken=NONE)

    assert given.roles[SOCIAL_CARE] == {ROLE_MEMBER, ROLE_REVIEWER}
    assert with_roles(bert, SOCIAL_CARE, given=NONE, taken=frozenset({ROLE_REVIEWER})) == bert


def test_the_operators_role_is_of_the_whole_node() -> None:
    given = with_roles(ANN, "", given=frozenset({ROLE_OPERATOR}), taken=NONE)

    assert given == replace(ANN, operator=True)
    assert with_roles(given, "", given=NONE, taken=frozenset({ROLE_OPERATOR})) == ANN


@pytest.mark.parametrize(
    ("given", "taken", "said"),
    [({ROLE_CONVENOR}, {ROLE_CONVENOR}, "at once: convenor"), (set(), {ROLE_MEMBER}, "end the membership")],
)
def test_roles_that_make_no_sense_are_refused(given: set[int], taken: set[int], said: str) -> None:
    with pytest.raises(Invalid, match=said):
        with_roles(ANN, CARE_HOMES, given=frozenset(given), taken=frozenset(taken))


def test_whoever_was_disabled_comes_back_as_they_were_and_after_an_end_as_a_plain_member() -> None:
    disabled, ended = standing_as(ANN, Standing.DISABLED), standing_as(replace(ANN, operator=True), Standing.ENDED)

    assert disabled.left and standing_as(disabled, Standing.ENABLED) == ANN
    assert ended.left and not ended.operator
    assert standing_as(ended, Standing.ENABLED).all_roles == {ROLE_MEMBER}
    with pytest.raises(Conflict, match="Disable them instead"):
        standing_as(Member(an_id(2), "Olga", operator=True), Standing.ENDED)
