"""Meetings and their places, over rpc."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from fosse.events.v1 import events_pb2 as pb
from fosse.events.v1 import events_pb2_grpc
from services.common import access, pages
from services.common.clock import Clock
from services.common.database import Database
from services.common.errors import Invalid
from services.events.domain.meeting import Held
from services.events.domain.room import Asked
from services.events.messages import shown
from services.events.messages.calendar import Calendar
from services.events.usecases import arranging, attending, places, reading

_WISHES = {pb.WISH_UNSPECIFIED: Asked.A_PLACE, pb.WISH_ROOM: Asked.ROOM, pb.WISH_ONLINE: Asked.ONLINE}


class Meetings(events_pb2_grpc.MeetingsServicer):
    """What a community's meetings offer."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._calendar = Calendar()

    def CreateMeeting(self, request: pb.CreateMeetingRequest, context: Any) -> pb.CreateMeetingResponse:
        made = arranging.create(
            self._db,
            request.id,
            community_id=request.community_id,
            words=shown.words_of(request.words),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.CreateMeetingResponse(meeting=shown.meeting(made))

    def UpdateMeeting(self, request: pb.UpdateMeetingRequest, context: Any) -> pb.UpdateMeetingResponse:
        changed = arranging.update(
            self._db,
            request.id,
            expected_version=request.expected_version,
            words=shown.words_of(request.words),
            person=access.person(context),
            now=self._clock(),
        )
        return pb.UpdateMeetingResponse(meeting=shown.meeting(changed))

    def AnnounceMeeting(self, request: pb.AnnounceMeetingRequest, context: Any) -> pb.AnnounceMeetingResponse:
        changed = arranging.announce(
            self._db,
            request.id,
            expected_version=request.expected_version,
            invite=request.invite,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.AnnounceMeetingResponse(meeting=shown.meeting(changed))

    def CancelMeeting(self, request: pb.CancelMeetingRequest, context: Any) -> pb.CancelMeetingResponse:
        changed = arranging.cancel(
            self._db,
            request.id,
            expected_version=request.expected_version,
            because=request.because,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.CancelMeetingResponse(meeting=shown.meeting(changed))

    def RecordMeeting(self, request: pb.RecordMeetingRequest, context: Any) -> pb.RecordMeetingResponse:
        there = arranging.There(
            _present(request.present), list(request.apologies), Held(request.guests, request.refused)
        )
        made = arranging.record(
            self._db,
            request.id,
            community_id=request.community_id,
            words=shown.words_of(request.words),
            there=there,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.RecordMeetingResponse(meeting=shown.meeting(made))

    def GetMeeting(self, request: pb.GetMeetingRequest, context: Any) -> pb.GetMeetingResponse:
        return shown.with_mine(reading.get(self._db, request.id, access.maybe_person(context), self._clock()))

    def ListMeetings(self, request: pb.ListMeetingsRequest, context: Any) -> pb.ListMeetingsResponse:
        size = pages.page_size(request.page_size)
        wanted = reading.Wanted(request.community_id, request.past, _beyond(request.page_token), size + 1)
        found = reading.list_meetings(self._db, wanted, person=access.maybe_person(context), now=self._clock())
        token = ""
        if len(found) > size:
            last = found[size - 1].meeting
            token = pages.encode_token(last.when.starts_at.isoformat(), last.id)
        return pb.ListMeetingsResponse(meetings=[shown.with_mine(each) for each in found[:size]], next_page_token=token)

    def DescribeMeeting(self, request: pb.DescribeMeetingRequest, context: Any) -> pb.DescribeMeetingResponse:
        caller = access.caller(context)
        found = reading.describe(self._db, request.id, caller, request.community_ids, self._clock())
        return pb.DescribeMeetingResponse(meeting=shown.meeting(found))

    def ListPlaceHolders(self, request: pb.ListPlaceHoldersRequest, context: Any) -> pb.ListPlaceHoldersResponse:
        holders = reading.place_holders(self._db, request.meeting_id)
        return pb.ListPlaceHoldersResponse(holders=[shown.holder(each) for each in holders])

    def ListPresent(self, request: pb.ListPresentRequest, context: Any) -> pb.ListPresentResponse:
        return pb.ListPresentResponse(member_ids=reading.present(self._db, request.meeting_id))

    def BookPlace(self, request: pb.BookPlaceRequest, context: Any) -> pb.BookPlaceResponse:
        answer = places.ask(
            self._db,
            request.id,
            _wish(request.wish),
            meeting_id=request.meeting_id,
            needs=request.access_needs,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.BookPlaceResponse(place=shown.answer(answer), online_offered=answer.online_offered)

    def CancelPlace(self, request: pb.CancelPlaceRequest, context: Any) -> pb.CancelPlaceResponse:
        return pb.CancelPlaceResponse(place=self._give_back(request.id, request.meeting_id, Asked.CANCEL, context))

    def DeclinePlace(self, request: pb.DeclinePlaceRequest, context: Any) -> pb.DeclinePlaceResponse:
        return pb.DeclinePlaceResponse(place=self._give_back(request.id, request.meeting_id, Asked.DECLINE, context))

    def ListPlaces(self, request: pb.ListPlacesRequest, context: Any) -> pb.ListPlacesResponse:
        meeting, found = reading.list_places(
            self._db, request.meeting_id, person=access.person(context), now=self._clock()
        )
        return pb.ListPlacesResponse(meeting=shown.meeting(meeting), places=[shown.place(each) for each in found])

    def ListDecisions(self, request: pb.ListDecisionsRequest, context: Any) -> pb.ListDecisionsResponse:
        size = pages.page_size(request.page_size)
        after = pages.decode_token(request.page_token, int)
        found = reading.list_decisions(
            self._db,
            request.meeting_id,
            person=access.person(context),
            after=after[0] if after else 0,
            limit=size + 1,
        )
        token = pages.encode_token(found[size - 1][0].number) if len(found) > size else ""
        decided = [shown.decided(each, at) for each, at in found[:size]]
        return pb.ListDecisionsResponse(decisions=decided, next_page_token=token)

    def RecordAttendance(self, request: pb.RecordAttendanceRequest, context: Any) -> pb.RecordAttendanceResponse:
        noted = attending.note(
            self._db,
            request.meeting_id,
            attending.Noting(_present(request.present), request.guests, request.close),
            expected_version=request.expected_version,
            person=access.person(context),
            now=self._clock(),
        )
        return pb.RecordAttendanceResponse(attendance=shown.attendance(request.meeting_id, noted))

    def GetAttendance(self, request: pb.GetAttendanceRequest, context: Any) -> pb.GetAttendanceResponse:
        meeting, found = attending.get(self._db, request.meeting_id, person=access.person(context), now=self._clock())
        attendance = shown.attendance(request.meeting_id, found)
        return pb.GetAttendanceResponse(meeting=shown.meeting(meeting), attendance=attendance)

    def GetCalendarEntry(self, request: pb.GetCalendarEntryRequest, context: Any) -> pb.GetCalendarEntryResponse:
        caller = access.caller(context)
        entry = reading.calendar_entry(self._db, self._calendar, request.meeting_id, caller, self._clock())
        return pb.GetCalendarEntryResponse(ics=entry.ics, file_name=entry.file_name)

    def PrepareEnclosures(self, request: pb.PrepareEnclosuresRequest, context: Any) -> pb.PrepareEnclosuresResponse:
        found = reading.enclosures(self._db, self._calendar, request.meeting_id, request.member_ids)
        return pb.PrepareEnclosuresResponse(
            ics=found.ics,
            seated_member_ids=found.seated,
            seated_ics=found.seated_ics,
            joining_link=found.joining_link,
        )

    def _give_back(self, request_id: str, meeting_id: str, asked: Asked, context: Any) -> pb.MyPlace:
        person = access.person(context)
        return shown.answer(
            places.ask(self._db, request_id, asked, meeting_id=meeting_id, person=person, now=self._clock())
        )


def _wish(number: int) -> Asked:
    if number not in _WISHES:
        raise Invalid("Choose a place in the room or online.", {"wish": "choose one"})
    return _WISHES[pb.Wish.ValueType(number)]


def _present(given: Iterable[pb.Present]) -> list[tuple[str, int]]:
    return [(each.member_id, each.presence) for each in given]


def _beyond(token: str) -> tuple[datetime, str] | None:
    values = pages.decode_token(token, str, str)
    if values is None:
        return None
    try:
        return datetime.fromisoformat(values[0]).astimezone(UTC), values[1]
    except (ValueError, OverflowError) as error:
        raise Invalid("This page of the list cannot be found. Start again from the first page.") from error
