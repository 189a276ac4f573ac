"""The pulse: one answer each from those who were there, and nothing left that says whose it is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from fosse.evaluation.v1.facts_pb2 import PulseOpened
from fosse.events.v1 import facts_pb2 as events
from services.common import audit, facts
from services.common.access import Role
from services.common.errors import Conflict, Invalid, NotAllowed, NotFound
from services.common.ids import new_id
from services.evaluation.domain.pulse import LONGEST, answer
from services.evaluation.store import pulses as kept_pulses
from services.evaluation.store.tables import pulse_answered, pulse_secret, response
from services.evaluation.usecases import pulses
from tests.conftest import MakeDatabase
from tests.store.told import said
from tests.unit.evaluation.months import (
    NOW,
    SOCIAL_CARE,
    Hearing,
    a_convenor,
    a_person,
    an_id,
    attended,
    closed,
    in_month,
    meeting,
)

MEETING = an_id(500)
EVALUATOR = a_person(91, int(Role.ROLE_EVALUATOR))


@pytest.fixture
def ear(make_database: MakeDatabase) -> Hearing:
    """A meeting with twenty people, who are asked."""
    hearing = Hearing(make_database("evaluation"))
    hearing.hear(meeting(500, in_month(8)), *(attended(500, by=number) for number in range(1, 21)))
    hearing.hear(attended(500, by=30, presence=events.PRESENCE_ABSENT), closed(500, present=20))
    return hearing


def say(ear: Hearing, number: int, worth: int = 5, change: int = 1, better: str = "") -> None:
    given, person = answer(worth, change, better), a_person(number)
    pulses.answer(ear.db, an_id(7000 - number), given, meeting_id=MEETING, person=person, now=ear.now)


def test_each_who_was_there_answers_once_and_a_second_answer_is_refused_kindly(ear: Hearing) -> None:
    say(ear, 1)

    with pytest.raises(Conflict, match="answered this pulse already"):
        say(ear, 1, worth=1)
    with pytest.raises(NotAllowed, match="Only those who were at the meeting"):
        say(ear, 30)
    with pytest.raises(NotAllowed):
        say(ear, 55)
    with ear.db.read() as conn:
        assert len(kept_pulses.answers(conn, MEETING)) == 1


def test_the_same_answer_sent_from_two_tabs_at_once_is_kept_once(ear: Hearing) -> None:
    def send(_: int) -> bool:
        try:
            said = answer(4, 2, "")
            pulses.answer(ear.db, new_id(), said, meeting_id=MEETING, person=a_person(3), now=NOW)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as tabs:
        kept = sum(tabs.map(send, range(8)))

    with ear.db.read() as conn:
        assert (kept, len(kept_pulses.answers(conn, MEETING))) == (1, 1)


def test_a_pulse_closes_after_fourteen_days_and_then_forgets_who_answered(ear: Hearing) -> None:
    say(ear, 1)
    ear.now = NOW + timedelta(days=14)

    with pytest.raises(Conflict, match="closed"):
        say(ear, 2)
    pulses.close(ear.db, MEETING, ear.now)
    pulses.close(ear.db, MEETING, ear.now)

    with ear.db.read() as conn:
        assert conn.execute(select(pulse_secret)).all() == conn.execute(select(pulse_answered)).all() == []
        assert len(conn.execute(select(response)).all()) == 1
    assert not pulses.get(ear.db, MEETING, person=a_convenor(), now=ear.now).open


def test_closing_too_early_closes_nothing(ear: Hearing) -> None:
    pulses.close(ear.db, MEETING, NOW)

    say(ear, 1)


def test_no_row_joins_an_answer_to_a_member_a_time_or_a_place_in_line(ear: Hearing) -> None:
    for number in range(1, 11):
        say(ear, number, better=f"Better {number}")

    assert opened(ear) == [MEETING]
    with ear.db.read() as conn:
        assert len(facts.after(conn, facts.START, 100)) == 1
        assert conn.execute(select(audit.audit)).all() == []
        rows = conn.execute(select(response)).all()
        tokens = set(conn.scalars(select(pulse_answered.c.token)))
    assert {column.name for column in response.columns} == {"id", "meeting_id", "worth", "change", "better"}
    members = {an_id(number) for number in range(1, 21)}
    assert not members & {value for row in rows for value in row} and not members & tokens
    # Rows of a table without row numbers lie in the order of their random ids: here the opposite of the answers'.
    assert [row.better for row in sorted(rows, key=lambda row: row.id)] == [f"Better {n}" for n in range(10, 0, -1)]


def test_on_sqlite_answers_have_no_hidden_row_number(ear: Hearing) -> None:
    if not ear.db.sqlite:
        return
    for table in (response, pulse_answered):
        with ear.db.read() as conn, pytest.raises(Exception, match="no such column: rowid"):
            conn.exec_driver_sql(f"SELECT rowid FROM {table.name}")


def test_a_few_answers_are_not_shown_and_their_words_are_read_by_nobody(ear: Hearing) -> None:
    for number in range(1, 8):
        say(ear, number, better="Start on time.")

    shown = pulses.get(ear.db, MEETING, person=a_convenor(), now=NOW)

    assert (shown.asked, shown.open, shown.asked_of.number) == (True, True, 20)
    assert shown.answered.hidden and shown.worth[4].hidden and shown.change[0].hidden
    assert shown.better == ()
    assert "fewer than 8 people have answered" in shown.sentence


def test_once_closed_the_words_of_eight_or_more_are_for_convenors_and_evaluators_alone(ear: Hearing) -> None:
    for number in range(1, 13):
        say(ear, number, worth=5 if number < 12 else 1, better=f"Better {number}" if number < 4 else "")

    # Who looks again after each answer would see whose words are new.
    assert pulses.get(ear.db, MEETING, person=a_convenor(), now=NOW).better == ()
    for person in (a_convenor(), EVALUATOR):
        assert sorted(pulses.get(ear.db, MEETING, person=person, now=NOW + timedelta(days=15)).better) == [
            "Better 1",
            "Better 2",
            "Better 3",
        ]
    shown = pulses.get(ear.db, MEETING, person=a_person(2), now=NOW)
    assert (shown.better, shown.answered.number) == ((), 10)
    # One of twelve was not content: shown alone, the eleven would give that away.
    assert [cell.hidden for cell in shown.worth] == [True, False, False, False, True]


def test_what_most_found_is_said_in_one_sentence(ear: Hearing) -> None:
    for number in range(1, 21):
        say(ear, number)

    shown = pulses.get(ear.db, MEETING, person=a_person(2), now=NOW)

    assert shown.sentence == (
        "Of 20 people asked 20 answered; most of them found it worth their time (4 or 5 of 5). It is still open."
    )


def test_a_pulse_is_for_the_people_of_its_community(ear: Hearing) -> None:
    for stranger, of in ((a_person(1, community=SOCIAL_CARE), MEETING), (a_person(), an_id(99))):
        with pytest.raises(NotFound):
            pulses.get(ear.db, of, person=stranger, now=NOW)


def test_only_who_was_there_and_has_not_answered_is_asked(ear: Hearing) -> None:
    say(ear, 1)

    asked = [pulses.get(ear.db, MEETING, person=a_person(number), now=NOW).may_answer for number in (1, 2, 30, 55)]

    assert asked == [False, True, False, False]


def test_a_meeting_recorded_later_asks_nobody(ear: Hearing) -> None:
    ear.hear(meeting(2, in_month(3)), attended(2, by=1), closed(2, present=1, ask_pulse=False))

    assert not pulses.get(ear.db, an_id(2), person=a_person(), now=NOW).asked
    assert opened(ear) == [MEETING]


def test_a_pulse_that_is_opened_twice_keeps_its_answers(ear: Hearing) -> None:
    say(ear, 1)

    ear.hear(closed(500, present=20))

    with pytest.raises(Conflict):
        say(ear, 1)
    assert opened(ear) == [MEETING]


def opened(ear: Hearing) -> list[str]:
    """The meetings whose pulse was said to be open: nobody is asked before."""
    return [fact.meeting_id for fact in said(ear.db, PulseOpened)]


@pytest.mark.parametrize(
    ("worth", "change", "better", "field"),
    [(0, 1, "", "worth"), (6, 1, "", "worth"), (1, 0, "", "change"), (1, 4, "", "change"), (1, 1, "ä" * 501, "better")],
)
def test_an_answer_that_cannot_be_kept_says_which_question(worth: int, change: int, better: str, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        answer(worth, change, better)

    assert list(refused.value.fields) == [field]


def test_words_keep_their_lines_and_lose_what_cannot_be_seen() -> None:
    assert answer(3, 2, f"  one\n\0two\u202e{'x' * (LONGEST - 8)}  ").better.startswith("one\ntwox")
