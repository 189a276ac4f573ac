"""What membership remembers, on SQLite and on PostgreSQL, also when several people act at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.common.audit import audit
from services.common.database import Database
from services.common.errors import Conflict, Invalid, Refusal
from services.common.facts import facts
from services.membership.domain import Community, Locality, Member, Organisation, SignIn
from services.membership.keys import InvitationCodes
from services.membership.store import members, places
from services.membership.usecases import members as usecases
from services.membership.usecases import places as places_usecases
from services.membership.usecases import sign_ins
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.membership.people import CARE_HOMES, SOCIAL_CARE, a_member, an_id

NOW = HeldClock()()
OPERATOR = "operator"
ISSUER = "https://sign-in.example"


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    db = make_database("membership")
    for community in (Community(CARE_HOMES, "Care homes", "homes"), Community(SOCIAL_CARE, "Social care")):
        places_usecases.put_community(db, community, asker=OPERATOR, now=NOW)
    for locality in (Locality("04K", "Nottingham City"), Locality("04N", "Rushcliffe")):
        places_usecases.put_locality(db, locality, asker=OPERATOR, now=NOW)
    return db


@pytest.fixture
def codes(tmp_path: Path) -> InvitationCodes:
    return InvitationCodes(tmp_path / "invitation.key")


def put(db: Database, member: Member) -> Member:
    return usecases.put_member(db, member, asker=OPERATOR, now=NOW)


def put_home(db: Database, home: Organisation) -> Organisation:
    return places_usecases.put_organisation(db, home, asker=OPERATOR, now=NOW)


def all_at_once(count: int, act: Callable[[int], object]) -> list[object]:
    """What each of so many threads got, its refusal if it was refused."""

    def one(number: int) -> object:
        try:
            return act(number)
        except Refusal as refused:
            return refused

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def test_a_member_is_read_as_it_was_put(db: Database) -> None:
    put_home(db, Organisation(an_id(5), "Oak House"))
    member = a_member(
        organisation_id=an_id(5), locality_ids=("04K", "04N"), roles=[2, 3], job_title="Manager", name_travels=True
    )

    put(db, member)

    with db.read() as conn:
        assert members.member(conn, member.id) == replace(member, version=1)


def test_the_tables_hold_a_member_of_several_communities(db: Database) -> None:
    both = replace(a_member(), roles={CARE_HOMES: frozenset({1, 2}), SOCIAL_CARE: frozenset({1})})

    put(db, both)

    with db.read() as conn:
        assert members.member(conn, both.id) == replace(both, version=1)
        assert [people for _, people in places.all_communities(conn)] == [1, 1]


def test_an_organisation_is_read_as_it_was_put(db: Database) -> None:
    heir = Organisation(an_id(6), "New Home", ods_code="ZZ901")
    home = Organisation(
        an_id(5),
        "Oak House",
        "home_nursing",
        "ZZ900",
        "1-0000000109",
        ("04K", "04N"),
        date(2012, 1, 1),
        date(2020, 3, 31),
        heir.id,
    )

    for each in (heir, home):
        put_home(db, each)

    with db.read() as conn:
        assert places.organisation(conn, home.id) == home
        assert places.successors(conn, home.id) == [home.id, heir.id]


def test_two_organisations_never_share_a_code_but_may_both_have_none(db: Database) -> None:
    put_home(db, Organisation(an_id(5), "Oak House", ods_code="ZZ900"))
    put_home(db, Organisation(an_id(6), "Elm House"))
    put_home(db, Organisation(an_id(7), "Ash House"))

    with pytest.raises(Conflict, match="has this code already"):
        put_home(db, Organisation(an_id(8), "Fir House", ods_code="ZZ900"))


def test_succession_does_not_run_in_a_circle(db: Database) -> None:
    ended = date(2020, 3, 31)
    put_home(db, Organisation(an_id(5), "Oak House"))
    put_home(db, Organisation(an_id(6), "Elm House", valid_to=ended, succeeded_by=an_id(5)))

    with pytest.raises(Invalid, match="cannot follow itself"):
        put_home(db, Organisation(an_id(5), "Oak House", valid_to=ended, succeeded_by=an_id(6)))


def test_what_is_not_known_here_cannot_be_belonged_to(db: Database) -> None:
    for member in (a_member(organisation_id=an_id(5)), a_member(locality_ids=("99Z",)), a_member(community=an_id(8))):
        with pytest.raises(Invalid, match="not known here"):
            put(db, member)


def test_each_change_leaves_one_fact_and_one_line_of_audit_and_no_change_leaves_none(db: Database) -> None:
    def counted() -> tuple[int, int]:
        with db.read() as conn:
            return tuple(conn.scalar(select(func.count()).select_from(table)) or 0 for table in (facts, audit))  # type: ignore[return-value]  # two tables, two counts

    before = counted()

    put(db, a_member())
    put(db, a_member())
    put(db, a_member(job_title="Nurse", version=1))

    assert counted() == (before[0] + 2, before[1] + 2)


def test_members_who_left_are_not_counted(db: Database) -> None:
    put(db, a_member(1))
    put(db, a_member(2, left=True))

    with db.read() as conn:
        assert dict((community.name, people) for community, people in places.all_communities(conn))["Care homes"] == 1


def test_of_eight_who_change_one_member_at_once_one_is_heard_and_seven_are_told(db: Database) -> None:
    put(db, a_member())

    results = all_at_once(8, lambda number: put(db, a_member(job_title=f"Title {number}", version=1)))

    assert sum(isinstance(each, Member) for each in results) == 1
    assert sum(isinstance(each, Conflict) for each in results) == 7


def test_eight_who_open_one_invitation_at_once_are_one_member_and_seven_refused(
    db: Database, codes: InvitationCodes
) -> None:
    put(db, a_member())
    _, code = sign_ins.create_invitation(
        db, codes, invitation_id=an_id(40), member_id=an_id(1), asker=OPERATOR, now=NOW
    )

    results = all_at_once(
        8, lambda number: sign_ins.accept_invitation(db, SignIn(ISSUER, f"sub{number}"), code=code, now=NOW)
    )

    assert results.count(an_id(1)) == 1 and sum(isinstance(each, Conflict) for each in results) == 7


def test_one_sign_in_opening_eight_invitations_at_once_becomes_one_member(db: Database, codes: InvitationCodes) -> None:
    for number in range(8):
        put(db, a_member(number))
    made = [
        sign_ins.create_invitation(
            db, codes, invitation_id=an_id(40 + number), member_id=an_id(number), asker=OPERATOR, now=NOW
        )[1]
        for number in range(8)
    ]

    results = all_at_once(
        8, lambda number: sign_ins.accept_invitation(db, SignIn(ISSUER, "ann"), code=made[number], now=NOW)
    )

    assert sum(isinstance(each, str) for each in results) == 1
    assert sum(isinstance(each, Conflict) for each in results) == 7


def test_equal_names_addresses_and_subjects_of_two_providers_are_two_people(
    db: Database, codes: InvitationCodes
) -> None:
    for number in (1, 2):
        put(db, a_member(number, name="Ann Example", email="office@home.example"))
        _, code = sign_ins.create_invitation(
            db, codes, invitation_id=an_id(40 + number), member_id=an_id(number), asker=OPERATOR, now=NOW
        )
        sign_in = SignIn(f"https://provider{number}.example", "ann")
        assert sign_ins.accept_invitation(db, sign_in, code=code, now=NOW) == an_id(number)


def test_no_invitation_code_lies_in_the_database(db: Database, codes: InvitationCodes) -> None:
    put(db, a_member())
    invitation, code = sign_ins.create_invitation(
        db, codes, invitation_id=an_id(40), member_id=an_id(1), asker=OPERATOR, now=NOW
    )

    assert invitation.expires_at == NOW + timedelta(days=30)
    with db.read() as conn:
        assert code not in str(conn.exec_driver_sql("select * from invitations").all())
