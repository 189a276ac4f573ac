"""What an import changes of homes and members that are here already, and what it says of it before."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from services.common.access import Person, Role
from services.common.database import Database
from services.membership.domain import Organisation
from services.membership.domain.importing import ImportState
from services.membership.store.tables import organisations
from services.membership.usecases import members as usecases
from services.membership.usecases import places as places_usecases
from services.membership.usecases.directory import update_profile
from tests.conftest import MakeDatabase
from tests.store.import_acts import HEADING, NOW, OPERATOR, THREE, bring_in, check, look, named, notices_of, settle_in
from tests.unit.membership.people import SOCIAL_CARE, a_convenor, a_member, an_id


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return settle_in(make_database("membership"))


def test_a_home_that_gains_its_code_is_counted_as_changed_and_again_changes_nothing(db: Database) -> None:
    bring_in(db, HEADING + "Cy Example,cy@elm.example,,Elm House,,,\n")
    coded = HEADING + "Cy Example,cy@elm.example,,Elm House,VN7,,\n"

    checked = check(db, coded, number=2).counts
    applied = bring_in(db, coded, number=2).counts
    again = check(db, coded, number=3).counts

    assert (checked.changed_organisations, checked.changed_members, checked.new_organisations) == (1, 0, 0)
    assert applied == checked
    assert (again.changed_organisations, again.new_organisations) == (0, 0)
    with db.read() as conn:
        assert list(conn.scalars(select(organisations.c.ods_code))) == ["VN7"]


def test_a_home_that_another_community_shares_is_neither_changed_nor_counted(db: Database) -> None:
    places_usecases.put_organisation(db, Organisation(an_id(5), "Elm House"), asker=OPERATOR, now=NOW)
    elsewhere = a_member(8, community=SOCIAL_CARE, organisation_id=an_id(5))
    usecases.put_member(db, elsewhere, asker=OPERATOR, now=NOW)
    usecases.put_member(db, a_member(90, roles=[Role.ROLE_CONVENOR]), asker=OPERATOR, now=NOW)

    found = bring_in(db, HEADING + "Cy Example,cy@elm.example,,Elm House,VN7,,\n", asker=a_convenor(90))

    assert (found.state, found.counts.new_members, found.counts.changed_organisations) == (ImportState.APPLIED, 1, 0)


def test_a_second_home_of_one_name_is_told_with_its_cell_before_it_is_made(db: Database) -> None:
    bring_in(db, THREE)
    other = HEADING + "Di Example,di@oak.example,,Oak House,VN9,,\nEd Example,ed@oak.example,,Oak House,VN9,,\n"

    checked = check(db, other, number=2)
    notices = notices_of(db, 2)
    bring_in(db, other, number=2)
    check(db, other, number=3)

    assert checked.counts.new_organisations == 1 and checked.counts.bad_rows == 0
    assert [(each.line, each.column) for each in notices] == [(2, "ODS code")]
    assert "where “Oak House” has VN1. A second organisation of this name will be made" in notices[0].reason
    assert notices_of(db, 3) == [] and look(db, 3).counts.new_organisations == 0


def test_topics_that_a_member_chose_on_their_profile_win_over_the_file(db: Database) -> None:
    bring_in(db, THREE)
    ann = named(db, "Ann Example")
    as_ann = Person(ann.id, roles=ann.roles)
    update_profile(db, ann.id, lambda me: replace(me, topics=("hydration",)), asker=as_ann, now=NOW)
    usecases.put_member(db, replace(named(db, "Ann Example"), job_title="Matron"), asker=OPERATOR, now=NOW)

    again = check(db, THREE, number=2)
    notices = [each for each in notices_of(db, 2) if each.column == "topics"]
    bring_in(db, HEADING.replace("topics", "Interests") + "Ann Example,home@oak.example,,,,,falls\n", number=3)

    assert again.counts.changed_members == 1 and named(db, "Ann Example").topics == ("hydration",)
    assert [(each.line, "theirs stay" in each.reason) for each in notices] == [(2, True)]
    assert [each.column for each in notices_of(db, 3)] == ["Interests"]
