"""What a row of an import changes: which home it means, what a member keeps, and what nobody gets by a file."""

from dataclasses import replace

import pytest

from services.common.access import Role
from services.membership.domain import Organisation
from services.membership.domain.directory import update_profile
from services.membership.domain.importing import Homes, OrganisationWish, Wish, decide, member_id_of
from tests.unit.membership.people import CARE_HOMES, a_convenor, a_member, an_id


def test_a_home_is_known_by_its_code_before_its_name() -> None:
    homes = Homes(CARE_HOMES)
    homes.know(
        [Organisation(an_id(1), "Oak House", ods_code="VN1"), Organisation(an_id(2), "Oak House", ods_code="VN2")]
    )

    by_code = homes.of(OrganisationWish("Oak House (new sign)", ods_code="VN2")).home
    by_name = homes.of(OrganisationWish("oak  house"))
    other = homes.of(OrganisationWish("Oak House", ods_code="VN3")).home

    assert by_code is not None and by_code.id == an_id(2)
    assert by_name.home is None and "Several organisations" in by_name.fault
    assert other is not None and set(homes.new) == {other.id}


@pytest.mark.parametrize(
    ("wish", "field", "says"),
    [
        (
            OrganisationWish("oak house", ods_code="VN9"),
            "ods_code",
            "“VN9” is not known here, where “oak house” has VN1",
        ),
        (OrganisationWish("Oak House", cqc_location_id="1-9"), "cqc_location_id", "write 1-1 here or leave this cell"),
    ],
)
def test_a_second_home_of_one_name_is_told_once_before_it_is_made(
    wish: OrganisationWish, field: str, says: str
) -> None:
    homes = Homes(CARE_HOMES)
    homes.know([Organisation(an_id(1), "Oak House", ods_code="VN1", cqc_location_id="1-1")])

    first, second = homes.of(wish), homes.of(wish)

    assert first.field == field and says in first.notice and "A second organisation" in first.notice
    assert second.notice == "" and second.home == first.home and len(homes.new) == 1


def test_a_new_code_beside_a_name_that_nobody_has_is_nothing_to_tell() -> None:
    homes = Homes(CARE_HOMES)
    homes.know([Organisation(an_id(1), "Oak House", ods_code="VN1")])

    assert homes.of(OrganisationWish("Elm House", ods_code="VN9")).notice == ""


def test_what_is_open_about_a_home_is_filled_and_what_is_written_stays() -> None:
    homes = Homes(CARE_HOMES)
    homes.know([Organisation(an_id(1), "Oak House", type="hospice")])

    found = homes.of(OrganisationWish("Oak House", type="home_nursing", ods_code="VN1")).home

    assert found is not None and (found.type, found.ods_code) == ("hospice", "VN1")
    assert homes.new == {} and set(homes.filled) == {an_id(1)}


def test_empty_cells_take_nothing_away_and_nobody_is_listed_again_by_a_file() -> None:
    before = a_member(job_title="Nurse", topics=("falls",), locality_ids=("04N",), listed=False, version=3)
    wish = Wish(2, before.name, before.email, listed=True)

    decided = decide(a_convenor(), wish, before, member_id="x", organisation_id="", community_id=CARE_HOMES)

    assert decided.after == before


def test_topics_that_a_member_chose_themselves_win_over_a_file_and_that_is_told() -> None:
    brought = a_member(topics=("falls",), version=1)
    chosen = update_profile(brought, replace(brought, topics=("hydration",)))
    wish = Wish(2, brought.name, brought.email, job_title="Nurse", topics=("falls",))

    decided = decide(a_convenor(), wish, chosen, member_id="x", organisation_id="", community_id=CARE_HOMES)

    assert decided.after is not None and (decided.after.topics, decided.after.job_title) == (("hydration",), "Nurse")
    assert decided.finding is not None and not decided.finding.bad and decided.finding.column == "topics"


def test_a_member_who_wants_no_topics_gets_none_from_a_file() -> None:
    brought = a_member(topics=("falls",), version=1)
    none = update_profile(brought, replace(brought, topics=()))
    wish = Wish(2, brought.name, brought.email, topics=("falls",))

    decided = decide(a_convenor(), wish, none, member_id="x", organisation_id="", community_id=CARE_HOMES)

    assert decided.after == none


def test_a_profile_saved_without_touching_topics_leaves_them_to_the_file() -> None:
    brought = a_member(topics=("falls",), version=1)
    saved = update_profile(brought, replace(brought, job_title="Nurse"))
    wish = Wish(2, brought.name, brought.email, topics=("hydration",))

    decided = decide(a_convenor(), wish, saved, member_id="x", organisation_id="", community_id=CARE_HOMES)

    assert decided.after is not None and decided.after.topics == ("hydration",)


def test_nobody_raises_themselves_by_a_file() -> None:
    me = a_member(90, version=1)
    wish = Wish(2, me.name, me.email, roles=frozenset({Role.ROLE_EVALUATOR}))

    decided = decide(a_convenor(90), wish, me, member_id=me.id, organisation_id="", community_id=CARE_HOMES)

    assert decided.after is None and decided.finding is not None
    assert "Nobody may give themselves a role" in decided.finding.reason


def test_whoever_left_is_not_brought_back_by_a_file() -> None:
    gone = a_member(left=True, version=4)

    decided = decide(
        a_convenor(), Wish(2, gone.name, gone.email), gone, member_id="x", organisation_id="", community_id=CARE_HOMES
    )

    assert decided.after == gone and decided.finding is not None and not decided.finding.bad


def test_a_member_is_the_community_the_address_and_the_name_together() -> None:
    one = member_id_of(CARE_HOMES, "Home@home.example", "Ann  Example")

    assert one == member_id_of(CARE_HOMES, "home@HOME.example", "ann example")
    assert one != member_id_of(CARE_HOMES, "home@home.example", "Ben Example")
