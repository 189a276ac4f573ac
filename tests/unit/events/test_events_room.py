"""Who gets a place: the rules, and that everything can be recomputed from the log."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from services.common.errors import Invalid
from services.events.domain.room import (
    Asked,
    Decided,
    Decision,
    Figures,
    NotAsDecided,
    Outcome,
    Standing,
    decide,
    may_be_promoted,
    online_offered,
    position_in,
    promote,
    replay,
)

FULL = Figures(room_holds=20, room_taken=20, online_holds=40, waiting=2)
MEMBERS = st.sampled_from([f"{number:032x}" for number in range(6)])


def asks(asked: Asked, figures: Figures, standing: Standing | None = None, position: int = 0) -> Outcome:
    return decide(asked, standing or Standing(), figures, position=position, order=7)


def test_the_twenty_first_member_waits_when_the_room_holds_twenty() -> None:
    twentieth = asks(Asked.ROOM, Figures(20, room_taken=19))
    twenty_first = asks(Asked.ROOM, twentieth.figures)

    assert twentieth.decision is Decision.ROOM
    assert (twenty_first.decision, twenty_first.position) == (Decision.WAITING, 1)


def test_who_waits_reads_why_and_what_will_happen() -> None:
    third = asks(Asked.ROOM, FULL)

    assert third.reason == (
        "The room holds 20 and all places are taken. You are number 3 on the waiting list; the place goes to you by "
        "itself when 3 people have cancelled. Meanwhile you can take a place online."
    )
    assert online_offered(third.decision, third.standing.holds, third.figures)


def test_who_waits_may_take_part_online_meanwhile_and_keeps_the_place_in_line() -> None:
    waits = asks(Asked.ROOM, FULL).standing

    online = asks(Asked.ONLINE, replace(FULL, waiting=3), waits, position=3)

    assert (online.decision, online.position, online.standing.order) == (Decision.ONLINE, 3, 7)
    assert online.figures == replace(FULL, waiting=3, online_taken=1)


def test_who_is_promoted_gives_the_place_online_back() -> None:
    waits = Standing(Decision.ONLINE, Decision.ONLINE, order=7)
    figures = Figures(20, room_taken=19, online_holds=40, online_taken=5, waiting=1)

    promoted = promote(waits, figures)

    assert promoted.figures == Figures(20, room_taken=20, online_holds=40, online_taken=4)
    assert promoted.standing == Standing(Decision.ROOM, Decision.ROOM)
    assert "given back" in promoted.reason


def test_who_is_online_may_ask_for_the_room_and_gives_the_place_online_back() -> None:
    online = Standing(Decision.ONLINE, Decision.ONLINE)

    moved = asks(Asked.ROOM, Figures(20, online_holds=40, online_taken=1), online)

    assert (moved.decision, moved.figures) == (Decision.ROOM, Figures(20, room_taken=1, online_holds=40))


def test_a_link_books_the_room_or_online_where_there_is_no_room() -> None:
    assert asks(Asked.A_PLACE, Figures(20, online_holds=40)).decision is Decision.ROOM
    assert asks(Asked.A_PLACE, Figures(0, online_holds=40)).decision is Decision.ONLINE


def test_nobody_waits_for_online_places() -> None:
    full = Figures(room_holds=20, room_taken=3, online_holds=1, online_taken=1)

    refused = asks(Asked.ONLINE, full)

    assert refused.decision is Decision.REFUSED
    assert refused.reason == (
        "The only place online is taken. Nobody waits for online places. There is room for you in the room: ask for "
        "a place there."
    )
    assert not asks(Asked.ONLINE, full, refused.standing).changed


@pytest.mark.parametrize(
    ("asked", "figures"),
    [
        (Asked.ROOM, Figures(0, online_holds=5)),
        (Asked.ONLINE, Figures(5)),
        (Asked.A_PLACE, Figures(0)),
        (Asked.ROOM, Figures(0)),
    ],
)
def test_places_that_a_meeting_does_not_have_are_no_wish(asked: Asked, figures: Figures) -> None:
    with pytest.raises(Invalid, match=r"Nothing was (booked|changed)"):
        asks(asked, figures)


@pytest.mark.parametrize("asked", [Asked.A_PLACE, Asked.ROOM, Asked.ONLINE])
def test_who_has_a_place_in_the_room_is_told_so_however_they_ask(asked: Asked) -> None:
    again = asks(asked, FULL, Standing(Decision.ROOM, Decision.ROOM))

    assert (again.decision, again.changed, again.figures) == (Decision.ROOM, False, FULL)


def test_asking_twice_does_not_give_two_places_in_line() -> None:
    again = asks(Asked.ROOM, FULL, Standing(Decision.WAITING, order=2), position=2)

    assert (again.decision, again.position, again.changed) == (Decision.WAITING, 2, False)


def test_who_cancels_gives_everything_back() -> None:
    both = Standing(Decision.ONLINE, Decision.ONLINE, order=3)

    gone = asks(Asked.CANCEL, replace(FULL, online_taken=4), both)

    assert (gone.decision, gone.standing) == (Decision.GIVEN_BACK, Standing(Decision.GIVEN_BACK))
    assert gone.figures == replace(FULL, online_taken=3, waiting=1)


def test_cancelling_what_one_does_not_have_changes_nothing() -> None:
    nothing = asks(Asked.CANCEL, FULL)

    assert (nothing.decision, nothing.changed, nothing.figures) == (Decision.GIVEN_BACK, False, FULL)
    assert "nothing to give back" in nothing.reason


def test_apologies_are_noted_once_and_give_a_place_back() -> None:
    first = asks(Asked.DECLINE, FULL, Standing(Decision.ROOM, Decision.ROOM))
    second = asks(Asked.DECLINE, first.figures, first.standing)

    assert (first.decision, first.changed, first.figures.room_taken) == (Decision.DECLINED, True, 19)
    assert (second.decision, second.changed) == (Decision.DECLINED, False)


def test_one_is_one_in_each_sentence() -> None:
    assert "The room holds 1 and the place is taken." in asks(Asked.ROOM, Figures(1, room_taken=1)).reason
    assert "when 1 person has cancelled" in asks(Asked.ROOM, Figures(1, room_taken=1)).reason


@dataclass
class Hall:
    """A meeting's places, kept as the store keeps them."""

    figures: Figures
    queued: int = 0
    standings: dict[str, Standing] = field(default_factory=dict)
    log: list[Decided] = field(default_factory=list)

    def take(self, member: str, asked: Asked, decided_by: Callable[[Standing], Outcome], receipt: int) -> None:
        before = self.figures
        outcome = decided_by(self.standings.get(member, Standing()))
        number = len(self.log) + 1
        self.log.append(
            Decided(number, receipt, member, asked, outcome.decision, outcome.reason, outcome.position, before)
        )
        self.figures, self.standings[member] = outcome.figures, outcome.standing
        self.queued = max(self.queued, outcome.standing.order)

    def promote(self, receipt: int) -> None:
        while may_be_promoted(self.figures):
            first = min((each.order, member) for member, each in self.standings.items() if each.order)[1]
            self.take(first, Asked.PROMOTION, lambda standing: promote(standing, self.figures), receipt)


class Histories(RuleBasedStateMachine):
    """Requests and changes of capacity in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall(Figures(2, online_holds=1))
        self.receipt = 0

    @rule(member=MEMBERS, asked=st.sampled_from([each for each in Asked if each is not Asked.PROMOTION]))
    def ask(self, member: str, asked: Asked) -> None:
        hall, self.receipt = self.hall, self.receipt + 1
        position = position_in(hall.standings, member)
        try:
            hall.take(
                member,
                asked,
                lambda standing: decide(asked, standing, hall.figures, position=position, order=hall.queued + 1),
                self.receipt,
            )
        except Invalid:
            return
        hall.promote(self.receipt)

    @rule(more=st.integers(-2, 3), online=st.integers(-1, 2))
    def change_capacity(self, more: int, online: int) -> None:
        figures = self.hall.figures
        room, remote = figures.room_holds + more, figures.online_holds + online
        if room < figures.room_taken or remote < figures.online_taken:
            return
        self.receipt += 1
        self.hall.figures = replace(figures, room_holds=room, online_holds=remote)
        self.hall.promote(self.receipt)

    @invariant()
    def nobody_has_a_place_that_is_not_there(self) -> None:
        figures = self.hall.figures
        assert 0 <= figures.room_taken <= figures.room_holds
        assert 0 <= figures.online_taken <= figures.online_holds

    @invariant()
    def nobody_waits_while_the_room_is_free(self) -> None:
        assert not may_be_promoted(self.hall.figures)

    @invariant()
    def the_counters_are_what_is_counted(self) -> None:
        held = [each.holds for each in self.hall.standings.values()]
        waiting = [each for each in self.hall.standings.values() if each.order]
        figures = self.hall.figures
        counted = (held.count(Decision.ROOM), held.count(Decision.ONLINE), len(waiting))
        assert counted == (figures.room_taken, figures.online_taken, figures.waiting)
        assert not any(each.holds is Decision.ROOM for each in waiting)

    @invariant()
    def places_go_to_who_waited_longest(self) -> None:
        promoted: dict[str, int] = {}
        began: dict[str, int] = {}
        for row in self.hall.log:
            if row.decision is Decision.WAITING:
                began.setdefault(row.member_id, row.number)
            elif row.asked is Asked.PROMOTION:
                assert began.pop(row.member_id) < min(began.values(), default=row.number), row
                promoted[row.member_id] = row.number
            elif row.decision in (Decision.GIVEN_BACK, Decision.DECLINED):
                began.pop(row.member_id, None)

    @invariant()
    def the_log_gives_the_same_again(self) -> None:
        again = replay(self.hall.log)
        figures = self.hall.figures
        assert again.standings == self.hall.standings
        assert (again.room_taken, again.online_taken, again.waiting) == (
            figures.room_taken, figures.online_taken, figures.waiting,
        )  # fmt: skip

    @precondition(lambda self: self.hall.log)
    @rule(place=st.integers(0, 1000))
    def a_decision_changed_afterwards_is_found_out(self, place: int) -> None:
        log = list(self.hall.log)
        number = place % len(log)
        log[number] = replace(log[number], decision=_another(log[number].decision))
        with pytest.raises(NotAsDecided):
            replay(log)


def _another(decision: Decision) -> Decision:
    return Decision.REFUSED if decision is not Decision.REFUSED else Decision.ROOM


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(st.integers(0, 3), st.integers(0, 3), st.lists(MEMBERS, max_size=12))
def test_as_many_get_in_as_there_are_places(room: int, online: int, members: list[str]) -> None:
    hall = Hall(Figures(room, online_holds=online))
    for number, member in enumerate(members):
        asked = Asked.ROOM if room else Asked.ONLINE
        if not room + online:
            return
        hall.take(
            member,
            asked,
            lambda standing: decide(asked, standing, hall.figures, position=1, order=hall.queued + 1),  # noqa: B023
            number,
        )
    assert hall.figures.room_taken == min(room, len(set(members)))
