"""Meetings, places, attendance and minutes as rpcs carry them, and what people wrote as the domain takes it."""

from dataclasses import dataclass
from datetime import datetime

from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1 import facts_pb2 as facts
from fosse.events.v1 import minutes_pb2 as minutes_pb
from services.common.instants import stamp
from services.events.domain.attendance import Attendance
from services.events.domain.local import clock_note
from services.events.domain.meeting import Meeting, State
from services.events.domain.minutes import Edition, Item, MinutesWords
from services.events.domain.place import Place, how_it_stands
from services.events.domain.room import Asked, Decided
from services.events.domain.words import AgendaItem, Words


@dataclass(frozen=True)
class Shown:
    """A meeting as somebody sees it; `place` is None for who is not signed in."""

    meeting: Meeting
    now: datetime
    may_change: bool = False
    place: Place | None = None

    @property
    def sees_link(self) -> bool:
        return self.may_change or (self.place is not None and self.place.seated and self.meeting.joinable)


@dataclass(frozen=True)
class Answer:
    """What came of a request for a place."""

    decided: Decided
    needs: str
    online_offered: bool


def words_of(given: pb.MeetingWords) -> Words:
    return Words(
        title=given.title,
        about=given.about,
        kind=given.kind,
        audience=given.audience,
        day=given.day,
        starts=given.starts,
        ends=given.ends,
        venue=given.venue,
        directions=given.directions,
        room_holds=given.room_holds,
        online_holds=given.online_holds,
        online_link=given.online_link,
        agenda=tuple(AgendaItem(each.title, each.minutes, each.led_by) for each in given.agenda),
    )


def meeting(shown: Shown) -> pb.Meeting:
    of = shown.meeting
    past = of.past(shown.now)
    # What is over or called off has no places to give.
    open_ = not past and of.state is not State.CANCELLED
    return pb.Meeting(
        id=of.id,
        community_id=of.community_id,
        words=_words(of.words, shown.sees_link),
        state=facts.MeetingState.ValueType(of.state),
        starts_at=stamp(of.when.starts_at),
        ends_at=stamp(of.when.ends_at),
        room_free=of.figures.room_free if open_ else 0,
        online_free=of.figures.online_free if open_ else 0,
        waiting=of.figures.waiting if open_ else 0,
        past=past,
        recorded=of.recorded,
        cancelled_because=of.cancelled_because,
        minutes_edition=of.minutes_edition,
        attendance_closed=of.attendance_closed,
        version=of.version,
        may_change=shown.may_change,
        clock_note=clock_note(of.words.day, of.words.starts, of.words.ends),
    )


def with_mine(shown: Shown) -> pb.GetMeetingResponse:
    if shown.place is None:
        return pb.GetMeetingResponse(meeting=meeting(shown))
    position, reason = how_it_stands(shown.meeting, shown.place, shown.now)
    mine = pb.MyPlace(
        decision=facts.Decision.ValueType(shown.place.standing.shown),
        waiting_position=position,
        reason=reason,
        receipt=shown.place.receipt,
        access_needs=shown.place.needs,
    )
    return pb.GetMeetingResponse(meeting=meeting(shown), mine=mine)


def answer(of: Answer) -> pb.MyPlace:
    return pb.MyPlace(
        decision=facts.Decision.ValueType(of.decided.decision),
        waiting_position=of.decided.position,
        reason=of.decided.reason,
        receipt=of.decided.receipt,
        access_needs=of.needs,
    )


def place(of: Place) -> pb.Place:
    return pb.Place(
        member_id=of.member_id,
        decision=facts.Decision.ValueType(of.standing.shown),
        waiting_position=of.position,
        receipt=of.receipt,
        decided_at=stamp(of.decided_at),
        access_needs=of.needs,
        by_member_id=of.by_member_id,
    )


def holder(of: Place) -> pb.PlaceHolder:
    return pb.PlaceHolder(member_id=of.member_id, decision=facts.Decision.ValueType(of.standing.shown))


def decided(of: Decided, at: datetime) -> pb.Decided:
    return pb.Decided(
        number=of.number,
        receipt=of.receipt,
        member_id=of.member_id,
        decision=facts.Decision.ValueType(of.decision),
        reason=of.reason,
        promoted=of.asked is Asked.PROMOTION,
        at=stamp(at),
        room_holds=of.figures.room_holds,
        room_taken=of.figures.room_taken,
        online_holds=of.figures.online_holds,
        online_taken=of.figures.online_taken,
        waiting=of.figures.waiting,
    )


def attendance(meeting_id: str, of: Attendance) -> pb.Attendance:
    return pb.Attendance(
        meeting_id=meeting_id,
        present=[
            pb.Present(member_id=member_id, presence=facts.Presence.ValueType(presence))
            for member_id, presence in of.present.items()
        ],
        guests=of.guests,
        closed=of.closed,
        version=of.version,
    )


def minutes_words_of(given: minutes_pb.MinutesWords) -> MinutesWords:
    items = tuple(Item(each.title, each.discussion, each.decision) for each in given.items)
    return MinutesWords(items, tuple(given.actions), given.reply_to)


def minutes_words(of: MinutesWords) -> minutes_pb.MinutesWords:
    return minutes_pb.MinutesWords(
        items=[
            minutes_pb.MinutesItem(title=each.title, discussion=each.discussion, decision=each.decision)
            for each in of.items
        ],
        actions=of.actions,
        reply_to=of.reply_to,
    )


def edition(of: Edition) -> minutes_pb.MinutesEdition:
    return minutes_pb.MinutesEdition(
        edition=of.edition,
        words=minutes_words(of.words),
        published_at=stamp(of.published_at),
        mailed=of.mailed,
        mailing_id=of.mailing_id,
    )


def _words(words: Words, with_link: bool) -> pb.MeetingWords:
    return pb.MeetingWords(
        title=words.title,
        about=words.about,
        kind=pb.MeetingKind.ValueType(words.kind),
        audience=pb.MeetingAudience.ValueType(words.audience),
        day=words.day,
        starts=words.starts,
        ends=words.ends,
        venue=words.venue,
        directions=words.directions,
        room_holds=words.room_holds,
        online_holds=words.online_holds,
        online_link=words.online_link if with_link else "",
        agenda=[pb.AgendaItem(title=each.title, minutes=each.minutes, led_by=each.led_by) for each in words.agenda],
    )
