"""Since when members belong: said once in a file, heard by evaluation, counted in the months that are over."""

from datetime import date, datetime

import pytest

from fosse.membership.v1.facts_pb2 import MemberChanged
from services.common import facts
from services.common.database import Database
from services.evaluation.domain.indicators import BY_CODE
from services.evaluation.store import figures
from services.evaluation.usecases import reading
from services.membership.domain import Community
from services.membership.store import members
from services.membership.usecases import import_rows, importing, places
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.evaluation.months import Hearing, in_month, member
from tests.unit.membership.people import CARE_HOMES, an_id

CLOCK = HeldClock()
FILE = """name,email,job title,organisation,joined
Ann Example,ann@oak.example,{job},Oak House,01/03/2026
Ben Example,ben@oak.example,,Elm House,
"""


@pytest.fixture
def membership(make_database: MakeDatabase) -> Database:
    db = make_database("membership")
    places.put_community(db, Community(CARE_HOMES, "Care homes"), asker="operator", now=CLOCK())
    return db


@pytest.fixture
def ear(make_database: MakeDatabase) -> Hearing:
    return Hearing(make_database("evaluation"), CLOCK())


def bring_in(db: Database, number: int, text: str) -> None:
    file = text.encode()
    importing.check_import(db, an_id(number), community_id=CARE_HOMES, content=file, asker="operator", now=CLOCK())
    import_rows.step(db, CLOCK)
    importing.apply_import(db, an_id(number), asker="operator", now=CLOCK())
    import_rows.step(db, CLOCK)


def said(db: Database) -> list[tuple[MemberChanged, datetime]]:
    with db.read() as conn:
        found = facts.after(conn, facts.START, 100)
    return [(MemberChanged.FromString(each.body), each.happened_at) for each in found]


def counted(db: Database, code: str, *months: int) -> list[int]:
    named = [f"2026-{month:02}" for month in months]
    with db.read() as conn:
        known = figures.of_community(conn, CARE_HOMES, named[-1])
    return reading.exact(BY_CODE[code], named, known.get(code, {}))


def test_a_member_from_a_file_counts_since_the_day_they_joined_and_others_since_they_were_added(
    membership: Database, ear: Hearing
) -> None:
    bring_in(membership, 1, FILE.format(job="Nurse"))
    bring_in(membership, 2, FILE.format(job="Matron"))
    for fact, at in said(membership):
        ear.hear(fact, at=at)

    assert [(fact.version, fact.HasField("since")) for fact, _ in said(membership)] == [
        (1, True),
        (1, False),
        (2, False),
    ]
    assert counted(ear.db, "members", 2, 3, 10, 11) == [0, 1, 1, 2]
    assert counted(ear.db, "organisations", 2, 3, 10, 11) == [0, 1, 1, 2]
    with membership.read() as conn:
        kept = [each.joined_on for each in members.page_of_community(conn, CARE_HOMES, None, 10)]
    assert kept == [date(2026, 3, 1), None]


def test_a_later_change_leaves_the_months_before_it_as_they_were(ear: Hearing) -> None:
    ear.hear(member(1, organisation=7, since=in_month(2)), at=in_month(6))
    ear.hear(member(1, organisation=8, version=2), at=in_month(7))
    ear.hear(member(1, organisation=8, version=3, left=True), at=in_month(9))

    assert counted(ear.db, "members", 1, 2, 6, 8, 9) == [0, 1, 1, 1, 0]
    assert counted(ear.db, "organisations", 1, 2, 6, 8, 9) == [0, 1, 1, 1, 0]
