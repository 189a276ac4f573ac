"""Meetings and their minutes, as the pages meet them: enough that a journey goes on, not the rules of the service."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from google.protobuf.message import Message

from fosse.events.v1 import events_pb2 as events
from fosse.events.v1 import events_pb2_grpc, minutes_pb2_grpc
from fosse.events.v1 import facts_pb2 as facts
from fosse.events.v1 import minutes_pb2 as minutes
from services.common import access
from services.common.errors import Conflict, Invalid, NotFound
from tests.browser import meeting_world, world

if TYPE_CHECKING:
    from tests.browser.standins.node import Node

_CHANGED = "Somebody else changed this while you were working on it. Theirs is saved, yours is not."


@dataclass
class Meetings:
    """What the service answers. `meanwhile` runs once, just before the next change: somebody else was faster."""

    held: dict[str, events.Meeting] = field(default_factory=dict)
    mine: dict[str, events.MyPlace] = field(default_factory=dict)
    places: list[events.Place] = field(default_factory=list)
    decided: list[events.Decided] = field(default_factory=list)
    attendance: events.Attendance | None = None
    editions: list[minutes.MinutesEdition] = field(default_factory=list)
    draft: minutes.MinutesWords = field(default_factory=minutes.MinutesWords)
    draft_version: int = 0
    next_page: str = ""
    meanwhile: Callable[[], None] | None = None

    def put(self, *meetings: events.Meeting) -> events.Meeting:
        self.held.update({each.id: each for each in meetings})
        return meetings[0]

    def messages(self) -> list[Message]:
        """Everything that carries words of people."""
        held = [*self.held.values(), *self.mine.values(), *self.places, *self.decided, *self.editions, self.draft]
        return [*held, *([self.attendance] if self.attendance else [])]

    def found(self, meeting_id: str, person: access.Person | None) -> events.Meeting:
        if meeting_id not in self.held:
            raise NotFound("There is no such meeting here, or it is not shared with you.")
        kept = self.held[meeting_id]
        if person is None and kept.words.audience != events.MEETING_AUDIENCE_PUBLIC:
            raise NotFound("There is no such meeting here, or it is not shared with you.")
        shown = events.Meeting()
        shown.CopyFrom(kept)
        shown.may_change = person is not None and person.is_convenor(kept.community_id)
        if not shown.may_change and self.mine.get(meeting_id, events.MyPlace()).decision not in (1, 2):
            shown.words.online_link = ""
        return shown

    def be_overtaken(self) -> None:
        if self.meanwhile is not None:
            hurry, self.meanwhile = self.meanwhile, None
            hurry()


class MeetingsStandIn(events_pb2_grpc.MeetingsServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf, self._held = node.shelf, node.shelf.meetings

    def CreateMeeting(self, request: Any, context: Any) -> events.CreateMeetingResponse:
        self._shelf.hear(request)
        made = meeting_world.a_meeting(state=facts.MEETING_STATE_DRAFT, version=1, words=request.words)
        made.id = request.id
        _set_times(made)
        return events.CreateMeetingResponse(meeting=self._held.held.setdefault(request.id, made))

    def UpdateMeeting(self, request: Any, context: Any) -> events.UpdateMeetingResponse:
        self._shelf.hear(request)
        one = self._changing(request)
        one.words.CopyFrom(request.words)
        _set_times(one)
        return events.UpdateMeetingResponse(meeting=one)

    def AnnounceMeeting(self, request: Any, context: Any) -> events.AnnounceMeetingResponse:
        self._shelf.hear(request)
        one = self._changing(request)
        one.state = facts.MEETING_STATE_ANNOUNCED
        return events.AnnounceMeetingResponse(meeting=one)

    def CancelMeeting(self, request: Any, context: Any) -> events.CancelMeetingResponse:
        self._shelf.hear(request)
        if not request.because.strip():
            raise Invalid("Say why it is called off, for those who wanted to come.", {"because": "a sentence"})
        one = self._changing(request)
        one.state, one.cancelled_because = facts.MEETING_STATE_CANCELLED, request.because
        return events.CancelMeetingResponse(meeting=one)

    def RecordMeeting(self, request: Any, context: Any) -> events.RecordMeetingResponse:
        self._shelf.hear(request)
        made = meeting_world.a_meeting(past=True, recorded=True, attendance_closed=True, words=request.words)
        made.id = request.id
        return events.RecordMeetingResponse(meeting=self._held.put(made))

    def GetMeeting(self, request: Any, context: Any) -> events.GetMeetingResponse:
        self._shelf.hear(request)
        person = access.maybe_person(context)
        found = events.GetMeetingResponse(meeting=self._held.found(request.id, person))
        if person:
            found.mine.CopyFrom(self._held.mine.get(request.id, events.MyPlace()))
        return found

    def ListMeetings(self, request: Any, context: Any) -> events.ListMeetingsResponse:
        self._shelf.hear(request)
        person = access.maybe_person(context)
        seen = [each for each in self._held.held.values() if each.past == request.past]
        if person is None:
            seen = [each for each in seen if each.words.audience == events.MEETING_AUDIENCE_PUBLIC]
        if person is None or not person.is_convenor(world.COMMUNITY.id):
            seen = [each for each in seen if each.state != facts.MEETING_STATE_DRAFT]
        found = [
            events.GetMeetingResponse(
                meeting=self._held.found(each.id, person), mine=self._held.mine.get(each.id) if person else None
            )
            for each in sorted(seen, key=lambda each: each.starts_at.seconds, reverse=request.past)
        ]
        return events.ListMeetingsResponse(meetings=found, next_page_token=self._held.next_page)

    def BookPlace(self, request: Any, context: Any) -> events.BookPlaceResponse:
        self._shelf.hear(request)
        one = self._held.held[request.meeting_id]
        if request.wish == events.WISH_ONLINE:
            place = events.MyPlace(decision=facts.DECISION_ONLINE, reason="You have a place online.", receipt=31)
        elif one.room_free:
            place = events.MyPlace(decision=facts.DECISION_ROOM, reason="You have a place in the room.", receipt=31)
        else:
            reason = (
                f"The room holds 20 and all places are taken. You are number {one.waiting + 1} on the waiting list."
            )
            place = events.MyPlace(
                decision=facts.DECISION_WAITING, waiting_position=one.waiting + 1, reason=reason, receipt=31
            )
        return events.BookPlaceResponse(place=self._decided(request.meeting_id, place, context))

    def CancelPlace(self, request: Any, context: Any) -> events.CancelPlaceResponse:
        self._shelf.hear(request)
        place = events.MyPlace(decision=facts.DECISION_GIVEN_BACK, reason="Your place was given back.", receipt=32)
        return events.CancelPlaceResponse(place=self._decided(request.meeting_id, place, context))

    def DeclinePlace(self, request: Any, context: Any) -> events.DeclinePlaceResponse:
        self._shelf.hear(request)
        reason = "Thank you for saying that you cannot come."
        place = events.MyPlace(decision=facts.DECISION_DECLINED, reason=reason, receipt=33)
        return events.DeclinePlaceResponse(place=self._decided(request.meeting_id, place, context))

    def ListPlaces(self, request: Any, context: Any) -> events.ListPlacesResponse:
        self._shelf.hear(request)
        return events.ListPlacesResponse(meeting=self._seen(request, context), places=self._held.places)

    def ListDecisions(self, request: Any, context: Any) -> events.ListDecisionsResponse:
        self._shelf.hear(request)
        return events.ListDecisionsResponse(decisions=self._held.decided, next_page_token=self._held.next_page)

    def GetAttendance(self, request: Any, context: Any) -> events.GetAttendanceResponse:
        self._shelf.hear(request)
        kept = self._held.attendance or meeting_world.attendance_of(self._held.places)
        return events.GetAttendanceResponse(meeting=self._seen(request, context), attendance=kept)

    def RecordAttendance(self, request: Any, context: Any) -> events.RecordAttendanceResponse:
        self._shelf.hear(request)
        if request.guests < 0:
            raise Invalid("This number cannot be right.", {"guests": "a number from 0 to 10000"})
        self._held.be_overtaken()
        before = self._held.attendance or events.Attendance()
        if request.expected_version != before.version:
            raise Conflict(_CHANGED)
        self._held.attendance = events.Attendance(
            present=request.present, guests=request.guests, closed=before.closed or request.close,
            version=before.version + 1,
        )  # fmt: skip
        return events.RecordAttendanceResponse(attendance=self._held.attendance)

    def GetCalendarEntry(self, request: Any, context: Any) -> events.GetCalendarEntryResponse:
        self._shelf.hear(request)
        self._held.found(request.meeting_id, access.maybe_person(context))
        return events.GetCalendarEntryResponse(ics="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", file_name="meeting.ics")

    def _seen(self, request: Any, context: Any) -> events.Meeting:
        return self._held.found(request.meeting_id, access.maybe_person(context))

    def _changing(self, request: Any) -> events.Meeting:
        self._held.be_overtaken()
        one = self._held.held[request.id]
        if request.expected_version != one.version:
            raise Conflict(_CHANGED)
        one.version += 1
        return one

    def _decided(self, meeting_id: str, place: events.MyPlace, context: Any) -> events.MyPlace:
        if access.person(context).member_id in (world.id_of("priya"), world.id_of("mo")):
            self._held.mine[meeting_id] = place
        return place


class MinutesStandIn(minutes_pb2_grpc.MinutesServicer):
    def __init__(self, node: "Node") -> None:
        self._shelf, self._held = node.shelf, node.shelf.meetings

    def GetMinutes(self, request: Any, context: Any) -> minutes.GetMinutesResponse:
        self._shelf.hear(request)
        person = access.maybe_person(context)
        found = minutes.GetMinutesResponse(editions=self._held.editions)
        if person and person.is_convenor(world.COMMUNITY.id):
            found.draft.CopyFrom(self._held.draft)
            found.draft_version, found.may_change = self._held.draft_version, True
        return found

    def SaveMinutes(self, request: Any, context: Any) -> minutes.SaveMinutesResponse:
        self._shelf.hear(request)
        self._held.be_overtaken()
        if request.expected_version != self._held.draft_version:
            raise Conflict(_CHANGED)
        self._held.draft = request.words
        self._held.draft_version += 1
        return minutes.SaveMinutesResponse(draft=request.words, draft_version=self._held.draft_version)

    def TestMinutes(self, request: Any, context: Any) -> minutes.TestMinutesResponse:
        self._shelf.hear(request)
        return minutes.TestMinutesResponse()

    def PublishMinutes(self, request: Any, context: Any) -> minutes.PublishMinutesResponse:
        self._shelf.hear(request)
        made = meeting_world.an_edition(len(self._held.editions) + 1, age=0, mailed=request.mail)
        made.words.CopyFrom(self._held.draft)
        self._held.editions.insert(0, made)
        return minutes.PublishMinutesResponse(edition=made)


def _set_times(meeting: events.Meeting) -> None:
    words = meeting.words
    for name, at in (("starts_at", words.starts), ("ends_at", words.ends)):
        when = datetime.fromisoformat(f"{words.day}T{at}:00").replace(tzinfo=ZoneInfo("Europe/London"))
        getattr(meeting, name).FromDatetime(when)
