"""Who gets a place: in the room, online, or on the waiting list for the room; and how all of it is recomputed.

A decision is made on the figures of the meeting and on how the member stands, and on nothing else. Both are kept with
the decision, so that `replay` can decide everything again. What always holds: no more have a place than there are
places, nobody waits while a place in the room is free, and places go to those who wait in the order in which they
began to wait. Somebody who waits may hold an online place meanwhile; it is given back when the room's place comes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

from services.common.errors import Invalid
from services.events.domain import sentences


class Decision(IntEnum):
    """The numbers are those of `fosse.events.v1.Decision`."""

    NONE = 0
    ROOM = 1
    ONLINE = 2
    WAITING = 3
    GIVEN_BACK = 4
    DECLINED = 5
    REFUSED = 6


class Asked(StrEnum):
    """What a request asks for; a promotion is asked for by nobody."""

    A_PLACE = "a place"
    ROOM = "the room"
    ONLINE = "online"
    CANCEL = "cancel"
    DECLINE = "decline"
    PROMOTION = "promotion"


@dataclass(frozen=True)
class Figures:
    """Of a meeting: what a decision is made on."""

    room_holds: int
    room_taken: int = 0
    online_holds: int = 0
    online_taken: int = 0
    waiting: int = 0

    @property
    def room_free(self) -> int:
        return max(0, self.room_holds - self.room_taken)

    @property
    def online_free(self) -> int:
        return max(0, self.online_holds - self.online_taken)


@dataclass(frozen=True)
class Standing:
    """How a member stands: what was decided last, the place that is held, and the order on the waiting list."""

    decided: Decision = Decision.NONE
    holds: Decision = Decision.NONE
    # Grows with everybody who begins to wait at this meeting; 0: does not wait.
    order: int = 0

    @property
    def shown(self) -> Decision:
        if self.holds:
            return self.holds
        return Decision.WAITING if self.order else self.decided


@dataclass(frozen=True)
class Outcome:
    decision: Decision
    reason: str
    standing: Standing
    figures: Figures
    # On the waiting list after it; 0: does not wait.
    position: int = 0
    changed: bool = True


def decide(asked: Asked, standing: Standing, figures: Figures, *, position: int, order: int) -> Outcome:
    """`position`: of the member on the waiting list now; `order`: what the next who waits is given.

    Raises `Invalid` when the meeting has no such places at all.
    """
    if asked in (Asked.CANCEL, Asked.DECLINE):
        return _give_back(asked, standing, figures)
    if standing.holds is Decision.ROOM or (standing.holds and asked in (Asked.A_PLACE, Asked.ONLINE)):
        return _stands(standing, figures, position)
    if asked is Asked.ONLINE or (asked is Asked.A_PLACE and not figures.room_holds):
        return _online(standing, figures, position)
    return _room(standing, figures, position, order)


def promote(standing: Standing, figures: Figures) -> Outcome:
    """A place in the room is free, and this member waits first."""
    released = 1 if standing.holds is Decision.ONLINE else 0
    after = replace(
        figures,
        room_taken=figures.room_taken + 1,
        online_taken=figures.online_taken - released,
        waiting=figures.waiting - 1,
    )
    reason = sentences.promoted(bool(released))
    return Outcome(Decision.ROOM, reason, Standing(Decision.ROOM, Decision.ROOM), after)


def may_be_promoted(figures: Figures) -> int:
    """How many of those who wait can have a place in the room now."""
    return min(figures.room_free, figures.waiting)


def online_offered(decision: Decision, holds: Decision, figures: Figures) -> bool:
    """Could somebody who has just been put on the waiting list take part online meanwhile?"""
    return decision is Decision.WAITING and not holds and figures.online_free > 0


def _room(standing: Standing, figures: Figures, position: int, order: int) -> Outcome:
    if not figures.room_holds:
        raise Invalid(sentences.no_room(figures.online_holds), {"wish": "there is no room at this meeting"})
    if standing.order:
        return _stands(standing, figures, position)
    online = 1 if standing.holds is Decision.ONLINE else 0
    if figures.room_free and not figures.waiting:
        after = replace(figures, room_taken=figures.room_taken + 1, online_taken=figures.online_taken - online)
        return Outcome(Decision.ROOM, sentences.room(), Standing(Decision.ROOM, Decision.ROOM), after)
    last = figures.waiting + 1
    waits = Standing(Decision.WAITING, standing.holds, order)
    reason = sentences.waiting(figures.room_holds, last, figures.online_free, has_online=bool(online))
    return Outcome(Decision.WAITING, reason, waits, replace(figures, waiting=last), last)


def _online(standing: Standing, figures: Figures, position: int) -> Outcome:
    if not figures.online_holds:
        raise Invalid(sentences.not_online(figures.room_holds), {"wish": "nobody takes part online at this meeting"})
    if figures.online_free:
        after = replace(figures, online_taken=figures.online_taken + 1)
        seated = Standing(Decision.ONLINE, Decision.ONLINE, standing.order)
        return Outcome(Decision.ONLINE, sentences.online(position), seated, after, position)
    reason = sentences.online_full(figures.online_holds, figures.room_free, figures.room_holds, position)
    if standing.order:
        return Outcome(Decision.WAITING, reason, standing, figures, position, changed=False)
    refused = replace(standing, decided=Decision.REFUSED)
    return Outcome(Decision.REFUSED, reason, refused, figures, changed=refused != standing)


def _give_back(asked: Asked, standing: Standing, figures: Figures) -> Outcome:
    declines = asked is Asked.DECLINE
    decision = Decision.DECLINED if declines else Decision.GIVEN_BACK
    had = bool(standing.holds or standing.order)
    if not had and (not declines or standing.decided is Decision.DECLINED):
        stays = standing.decided if standing.decided is Decision.DECLINED else Decision.GIVEN_BACK
        return Outcome(stays, sentences.nothing_to_give_back(declines), standing, figures, changed=False)
    after = replace(
        figures,
        room_taken=figures.room_taken - (standing.holds is Decision.ROOM),
        online_taken=figures.online_taken - (standing.holds is Decision.ONLINE),
        waiting=figures.waiting - bool(standing.order),
    )
    reason = sentences.declined(had) if declines else sentences.given_back(bool(standing.holds))
    return Outcome(decision, reason, Standing(decision), after)


def _stands(standing: Standing, figures: Figures, position: int) -> Outcome:
    reason = sentences.stands(standing.shown.name, position, figures.room_holds, figures.online_free)
    return Outcome(standing.shown, reason, standing, figures, position, changed=False)


@dataclass(frozen=True)
class Decided:
    """One row of a meeting's log: what was asked, on which figures it was decided, and what came of it."""

    number: int
    receipt: int
    member_id: str
    asked: Asked
    decision: Decision
    reason: str
    position: int
    figures: Figures


class NotAsDecided(Exception):
    """A decision of the log is not what the rules give."""


@dataclass
class Replayed:
    """A meeting's places as its log gives them."""

    standings: dict[str, Standing] = field(default_factory=dict)
    room_taken: int = 0
    online_taken: int = 0
    waiting: int = 0

    def position(self, member_id: str) -> int:
        return position_in(self.standings, member_id)


def position_in(standings: Mapping[str, Standing], member_id: str) -> int:
    """On the waiting list, 1 is next; 0: does not wait."""
    mine = standings.get(member_id, Standing()).order
    return sum(1 for each in standings.values() if 0 < each.order <= mine)


def replay(log: Iterable[Decided]) -> Replayed:
    """Decides everything again, in order; raises `NotAsDecided` at the first decision that comes out otherwise."""
    state, order = Replayed(), 0
    for row in log:
        standing = state.standings.get(row.member_id, Standing())
        figures = replace(
            row.figures, room_taken=state.room_taken, online_taken=state.online_taken, waiting=state.waiting
        )
        if row.asked is Asked.PROMOTION:
            if state.position(row.member_id) != 1 or not figures.room_free:
                raise NotAsDecided(row.number)
            outcome = promote(standing, figures)
        else:
            position = state.position(row.member_id)
            outcome = decide(row.asked, standing, figures, position=position, order=order + 1)
        # The sentence is not compared: later software may say the same in better words.
        if (outcome.decision, outcome.position, figures) != (row.decision, row.position, row.figures):
            raise NotAsDecided(row.number)
        order = max(order, outcome.standing.order)
        state.standings[row.member_id] = outcome.standing
        after = outcome.figures
        state.room_taken, state.online_taken, state.waiting = after.room_taken, after.online_taken, after.waiting
    return state
