"""Signed links as membership remembers them, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from services.common import audit
from services.common.database import Database
from services.common.errors import Conflict, Invalid, NotFound
from services.common.passes import PassVerifier
from services.membership.domain import Community, Member
from services.membership.domain.links import Link, Purpose
from services.membership.keys import LinkCodes, PassKeyRing, hash_of
from services.membership.store import links as store
from services.membership.store.tables import links as table
from services.membership.usecases import links, members, places
from tests.alone import HeldClock
from tests.conftest import MakeDatabase
from tests.unit.membership.people import CARE_HOMES, a_convenor, a_member, an_id

NOW = HeldClock()()
MEETING = an_id(70)


@pytest.fixture
def db(make_database: MakeDatabase) -> Database:
    db = make_database("membership")
    places.put_community(db, Community(CARE_HOMES, "Care homes"), asker="operator", now=NOW)
    for number in (1, 2):
        put(db, a_member(number, name=f"Ada Longstaff {number}"))
    return db


@pytest.fixture
def codes(tmp_path: Path) -> LinkCodes:
    return LinkCodes(tmp_path / "link.key")


@pytest.fixture
def ring(tmp_path: Path) -> PassKeyRing:
    return PassKeyRing(tmp_path / "pass.key", HeldClock())


def put(db: Database, member: Member) -> Member:
    return members.put_member(db, member, asker="operator", now=NOW)


def a_link(number: int, purpose: Purpose = Purpose.BOOK, member: int = 1) -> Link:
    return Link(an_id(100 + number), an_id(member), purpose, MEETING, NOW + timedelta(days=30))


def actions(db: Database, item_id: str) -> list[tuple[str, str]]:
    with db.read() as conn:
        return [(row.actor, row.action) for row in audit.rows_before(conn, item_id, None, 10)]


def test_a_link_is_read_as_it_was_made_and_its_code_is_nowhere(db: Database, codes: LinkCodes) -> None:
    ((link_id, code),) = links.make_links(db, codes, [a_link(1)], now=NOW)

    with db.read() as conn:
        assert store.link_by_code(conn, hash_of(code)) == a_link(1)
        kept = conn.execute(select(table)).one()
    assert link_id == a_link(1).id and code not in str(kept)


def test_a_hundred_links_are_made_in_one_transaction_or_none(db: Database, codes: LinkCodes) -> None:
    hundred = [a_link(number, member=1 + number % 2) for number in range(100)]

    with pytest.raises(Invalid):
        links.make_links(db, codes, [*hundred[:99], replace(hundred[99], expires_at=NOW)], now=NOW)
    with db.read() as conn:
        assert store.links_of(conn, [link.id for link in hundred]) == {}

    made = links.make_links(db, codes, hundred, now=NOW)
    assert [link_id for link_id, _ in made] == [link.id for link in hundred]


def test_asking_twice_answers_the_same_codes(db: Database, codes: LinkCodes) -> None:
    wanted = [a_link(1), a_link(2, Purpose.CANCEL)]

    first = links.make_links(db, codes, wanted, now=NOW)
    again = links.make_links(db, codes, wanted, now=NOW + timedelta(days=40))

    assert first == again and len({code for _, code in first}) == 2


def test_a_code_made_with_a_key_that_is_gone_is_not_given_out(db: Database, codes: LinkCodes, tmp_path: Path) -> None:
    links.make_links(db, codes, [a_link(1)], now=NOW)

    with pytest.raises(Conflict, match="key that is gone"):
        links.make_links(db, LinkCodes(tmp_path / "another.key"), [a_link(1)], now=NOW)


def test_members_who_left_get_none_and_those_they_had_are_ended(
    db: Database, codes: LinkCodes, ring: PassKeyRing
) -> None:
    ((_, code),) = links.make_links(db, codes, [a_link(1)], now=NOW)

    left = put(db, a_member(1, name="Ada Longstaff 1", left=True, version=1))

    assert links.make_links(db, codes, [a_link(1), a_link(2), a_link(3, member=2)], now=NOW)[0][0] == a_link(3).id
    with pytest.raises(Conflict, match="has left"):
        links.trade_link(db, ring, code, now=NOW)
    put(db, replace(left, left=False))
    with pytest.raises(Conflict, match="was ended"):
        links.trade_link(db, ring, code, now=NOW)


def test_a_traded_pass_opens_one_rpc_for_one_object(db: Database, codes: LinkCodes, ring: PassKeyRing) -> None:
    wanted = [a_link(number, purpose) for number, purpose in enumerate(Purpose)]
    made = links.make_links(db, codes, wanted, now=NOW)

    traded = [links.trade_link(db, ring, code, now=NOW)[1] for _, code in made]

    people = [PassVerifier(ring.public, HeldClock()).verify(token) for token in traded]
    assert {person.member_id for person in people} == {an_id(1)} and people[0].is_in(CARE_HOMES)
    assert [person.scope for person in people] == [
        f"/fosse.events.v1.Meetings/BookPlace|{MEETING}",
        f"/fosse.events.v1.Meetings/CancelPlace|{MEETING}",
        f"/fosse.events.v1.Meetings/DeclinePlace|{MEETING}",
        f"/fosse.evaluation.v1.Evaluation/AnswerPulse|{MEETING}",
    ]


def test_an_operators_link_opens_nothing_of_the_node(db: Database, codes: LinkCodes, ring: PassKeyRing) -> None:
    put(db, a_member(3, operator=True))
    ((_, code),) = links.make_links(db, codes, [a_link(1, member=3)], now=NOW)

    _, token = links.trade_link(db, ring, code, now=NOW)

    assert not PassVerifier(ring.public, HeldClock()).verify(token).operator


def test_the_first_use_is_kept_and_the_link_works_again(db: Database, codes: LinkCodes, ring: PassKeyRing) -> None:
    ((link_id, code),) = links.make_links(db, codes, [a_link(1)], now=NOW)

    for minutes in (0, 5):
        links.trade_link(db, ring, code, now=NOW + timedelta(minutes=minutes))

    with db.read() as conn:
        assert store.links_of(conn, [link_id])[link_id].first_used_at == NOW
    assert actions(db, link_id) == [(an_id(1), "link used")]


def test_nothing_tells_that_somebody_opened_a_pulse(db: Database, codes: LinkCodes, ring: PassKeyRing) -> None:
    ((link_id, code),) = links.make_links(db, codes, [replace(a_link(1), purpose=Purpose.PULSE)], now=NOW)

    links.trade_link(db, ring, code, now=NOW)

    with db.read() as conn:
        assert store.links_of(conn, [link_id])[link_id].first_used_at is None
    assert actions(db, link_id) == []


def test_looking_at_a_link_changes_nothing(db: Database, codes: LinkCodes) -> None:
    ((link_id, code),) = links.make_links(db, codes, [a_link(1)], now=NOW)

    opened = links.describe_link(db, code, now=NOW)

    assert (opened.link, opened.made_for) == (a_link(1), "Ada 1.")
    with db.read() as conn:
        assert store.links_of(conn, [link_id])[link_id] == a_link(1)


def test_revoking_ends_all_of_a_members_links_and_nobody_elses(
    db: Database, codes: LinkCodes, ring: PassKeyRing
) -> None:
    made = links.make_links(db, codes, [a_link(1), a_link(2), a_link(3, member=2)], now=NOW)

    ended = [links.revoke_links(db, an_id(1), asker=a_convenor(), now=NOW) for _ in range(2)]

    assert ended == [2, 0]
    assert actions(db, an_id(1))[0] == (a_convenor().member_id, "links ended")
    with pytest.raises(Conflict, match="was ended"):
        links.trade_link(db, ring, made[0][1], now=NOW)
    assert links.trade_link(db, ring, made[2][1], now=NOW)
    with pytest.raises(NotFound):
        links.revoke_links(db, an_id(9), asker="operator", now=NOW)


def test_links_are_forgotten_ninety_days_after_their_end(db: Database, codes: LinkCodes) -> None:
    links.make_links(db, codes, [a_link(1)], now=NOW)
    later = NOW + timedelta(days=121)

    links.make_links(db, codes, [replace(a_link(2), expires_at=later + timedelta(days=1))], now=later)

    with db.read() as conn:
        assert set(store.links_of(conn, [a_link(1).id, a_link(2).id])) == {a_link(2).id}


def test_acting_for_a_member_is_audited_and_said_in_the_pass(db: Database, ring: PassKeyRing) -> None:
    ann = a_convenor()

    token = links.act_for(db, ring, an_id(1), convenor=ann, now=NOW)

    person = PassVerifier(ring.public, HeldClock()).verify(token)
    assert (person.member_id, person.acting_id) == (an_id(1), ann.member_id)
    assert actions(db, an_id(1))[0] == (ann.member_id, "acted for")


def test_what_a_convenor_does_for_a_member_stands_in_the_trail_of_both(db: Database) -> None:
    ann = a_convenor()
    acting = replace(ann, member_id=an_id(1), acting_id=ann.member_id)

    with db.write() as conn:
        audit.add(conn, acting, "place booked", MEETING, NOW)

    assert actions(db, MEETING) == [(ann.member_id, "place booked")]
    assert actions(db, an_id(1))[0] == (ann.member_id, "place booked on behalf of this member")
