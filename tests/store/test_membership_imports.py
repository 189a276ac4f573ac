"""Imports as they are kept and applied, on SQLite and on PostgreSQL: once, whole, and again without a change."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select

from services.common.access import Role
from services.common.audit import audit
from services.common.database import Database
from services.common.errors import NotAllowed, NotFound
from services.common.facts import facts
from services.membership.domain import Organisation
from services.membership.domain.importing import ImportState
from services.membership.store import members as members_store
from services.membership.store.tables import import_findings, imports, members, organisations
from services.membership.usecases import importing
from services.membership.usecases import members as usecases
from services.membership.usecases import places as places_usecases
from tests.conftest import MakeDatabase
from tests.store.import_acts import HEADING, NOW, OPERATOR, THREE, bring_in, check, count, look, named, settle_in, work
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, a_convenor, a_member, an_id


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    return settle_in(make_database("membership"))


def many(rows: int) -> str:
    return HEADING + "".join(
        f"Person {n},person{n}@home{n % 400}.example,Nurse,Home {n % 400},VN{n % 400},04K;04N,falls;hydration\n"
        for n in range(rows)
    )


def kill_at_write(db: Database, number: int) -> None:
    """The process ends just before the transaction of this number is committed."""
    seen = 0

    def dying(conn: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            raise SystemExit("killed")

    event.listen(db.engine, "commit", dying)
    try:
        with pytest.raises(SystemExit):
            work(db)
    finally:
        event.remove(db.engine, "commit", dying)


def test_checking_changes_nothing_and_says_what_would_change(db: Database) -> None:
    found = check(db, THREE)

    assert found.state == ImportState.CHECKED
    assert (found.rows, found.done, found.counts.new_members, found.counts.new_organisations) == (3, 3, 3, 2)
    assert count(db, members) == 0 and count(db, organisations) == 0


def test_applying_makes_members_with_all_that_the_file_says(db: Database) -> None:
    found = bring_in(db, THREE)

    ann = named(db, "Ann Example")
    assert found.state == ImportState.APPLIED and found.counts.new_members == 3
    assert (ann.job_title, ann.locality_ids, ann.topics) == ("Nurse", ("04K", "04N"), ("falls",))
    assert ann.organisation_id == named(db, "Ben Example").organisation_id
    assert ann.roles == {CARE_HOMES: {Role.ROLE_MEMBER}}
    assert count(db, organisations) == 2


def test_importing_again_changes_nothing(db: Database) -> None:
    bring_in(db, THREE)
    before = count(db, facts), count(db, audit), named(db, "Ann Example").version

    again = bring_in(db, THREE, number=2)

    assert (again.counts.new_members, again.counts.changed_members, again.counts.unchanged_members) == (0, 0, 3)
    assert again.counts.new_organisations == 0
    assert (count(db, facts), count(db, audit), named(db, "Ann Example").version) == before


def test_bad_rows_are_named_and_good_rows_are_applied(db: Database) -> None:
    text = THREE + "Di Example,not an address,,,,,\nEd Example,ed@elm.example,,,,Rushclif,\n"

    found = bring_in(db, text)

    _, bad, _ = importing.get_import(db, an_id(1), asker=OPERATOR, after=0, limit=100)
    assert [(each.line, each.column) for _, each in bad] == [(5, "email"), (6, "localities")]
    assert found.counts.bad_rows == 2 and count(db, members) == 3


def test_the_same_person_by_another_name_of_the_row_is_never_made_twice(db: Database) -> None:
    known = usecases.put_member(db, a_member(7, name="ann  example", email="HOME@oak.example"), asker=OPERATOR, now=NOW)

    found = bring_in(db, THREE)

    with db.read() as conn:
        ann = members_store.member(conn, known.id)
    assert found.counts.changed_members == 1 and found.counts.new_members == 2
    assert ann is not None and ann.job_title == "Nurse" and ann.version == 2


def test_a_member_who_changed_their_name_since_is_still_the_same(db: Database) -> None:
    bring_in(db, THREE)
    ann = named(db, "Ann Example")
    usecases.put_member(db, replace(ann, name="Ann Married"), asker=OPERATOR, now=NOW)

    again = bring_in(db, THREE, number=2)

    assert again.counts.new_members == 0 and named(db, "Ann Married").id == ann.id


def test_what_somebody_changed_since_the_check_is_not_written_over(db: Database) -> None:
    bring_in(db, THREE)
    check(db, HEADING + "Ann Example,home@oak.example,Matron,,,,\n", number=2)
    ann = named(db, "Ann Example")
    usecases.put_member(db, replace(ann, role_group="nursing"), asker=OPERATOR, now=NOW)

    importing.apply_import(db, an_id(2), asker=OPERATOR, now=NOW)
    work(db)

    after = named(db, "Ann Example")
    assert (after.job_title, after.role_group, after.version) == ("Matron", "nursing", 3)


def test_whoever_left_stays_away_and_is_told_of(db: Database) -> None:
    bring_in(db, THREE)
    usecases.put_member(db, replace(named(db, "Ann Example"), left=True), asker=OPERATOR, now=NOW)

    bring_in(db, THREE, number=2)

    _, _, notices = importing.get_import(db, an_id(2), asker=OPERATOR, after=0, limit=100)
    assert named(db, "Ann Example").left
    assert any(each.line == 2 and "has left" in each.reason for each in notices)


def test_a_known_home_gains_its_code_and_keeps_what_is_written(db: Database) -> None:
    places_usecases.put_organisation(db, Organisation(an_id(5), "Oak House", type="hospice"), asker=OPERATOR, now=NOW)

    bring_in(db, THREE)

    with db.read() as conn:
        row = conn.execute(select(organisations).where(organisations.c.id == an_id(5))).one()
    assert (row.type, row.ods_code) == ("hospice", "VN1")
    assert named(db, "Ann Example").organisation_id == an_id(5)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_killed_half_way_it_goes_on_and_each_row_is_applied_once(db: Database, number: int) -> None:
    check(db, many(900))
    importing.apply_import(db, an_id(1), asker=OPERATOR, now=NOW)

    kill_at_write(db, number)
    work(db)

    found = look(db)
    assert (found.state, found.done, found.counts.new_members) == (ImportState.APPLIED, 900, 900)
    assert (count(db, members), count(db, organisations), count(db, facts)) == (900, 400, 900)
    assert count(db, audit) == 900 + 400 + 4


def test_a_check_that_was_killed_begins_again(db: Database) -> None:
    importing.check_import(db, an_id(1), community_id=CARE_HOMES, content=many(900).encode(), asker=OPERATOR, now=NOW)

    kill_at_write(db, 3)
    work(db)

    found = look(db)
    assert (found.state, found.done, found.counts.new_members) == (ImportState.CHECKED, 900, 900)


def test_the_file_goes_once_it_is_applied_or_dropped_or_a_week_old(db: Database) -> None:
    bring_in(db, THREE)
    check(db, THREE, number=2)
    check(db, THREE, number=3)

    importing.drop_import(db, an_id(2), asker=OPERATOR)
    importing.forget_old(db, an_id(3))

    with db.read() as conn:
        kept = conn.execute(select(imports.c.id, imports.c.file)).all()
    assert kept == [(an_id(1), None)]


def test_sending_a_file_twice_is_one_import_and_applying_twice_is_one_application(db: Database) -> None:
    check(db, THREE)
    check(db, THREE)
    importing.apply_import(db, an_id(1), asker=OPERATOR, now=NOW)
    importing.apply_import(db, an_id(1), asker=OPERATOR, now=NOW)
    work(db)

    importing.apply_import(db, an_id(1), asker=OPERATOR, now=NOW)

    assert count(db, imports) == 1 and count(db, members) == 3


def test_a_file_that_cannot_be_used_is_not_kept(db: Database) -> None:
    found = check(db, "PK\x03\x04 a spreadsheet")

    with db.read() as conn:
        assert conn.scalar(select(imports.c.file)) is None
    assert found.state == ImportState.UNUSABLE and "not a CSV file" in found.problem


def test_a_convenor_of_elsewhere_neither_sends_nor_sees_it(db: Database) -> None:
    check(db, THREE)
    stranger = a_convenor(community=SOCIAL_CARE)

    with pytest.raises(NotAllowed):
        importing.get_import(db, an_id(1), asker=stranger, after=0, limit=10)
    with pytest.raises(NotAllowed):
        importing.apply_import(db, an_id(1), asker=stranger, now=NOW)
    with pytest.raises(NotFound):
        importing.get_import(db, an_id(2), asker=OPERATOR, after=0, limit=10)


def test_an_import_stops_when_whoever_began_it_is_no_longer_a_convenor(db: Database) -> None:
    convenor = a_convenor(90)
    usecases.put_member(db, a_member(90, roles=[Role.ROLE_CONVENOR]), asker=OPERATOR, now=NOW)
    check(db, THREE, asker=convenor)
    with db.read() as conn:
        now_member = members_store.member(conn, convenor.member_id)
    assert now_member is not None
    importing.apply_import(db, an_id(1), asker=convenor, now=NOW)
    plain = replace(now_member, roles={CARE_HOMES: frozenset({Role.ROLE_MEMBER})})
    usecases.put_member(db, plain, asker=OPERATOR, now=NOW)

    work(db)

    assert look(db).state == ImportState.UNUSABLE and count(db, members) == 1


def test_a_file_of_many_chunks_is_checked_and_applied_whole(db: Database) -> None:
    check(db, many(1_100))

    importing.apply_import(db, an_id(1), asker=OPERATOR, now=NOW)
    work(db)

    assert (count(db, members), count(db, import_findings)) == (1_100, 0)
