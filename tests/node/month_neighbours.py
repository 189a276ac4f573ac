"""The services that notification asks about meetings and members, answering what a test told them."""

from typing import Any

from fosse.events.v1 import events_pb2, events_pb2_grpc, facts_pb2, minutes_pb2, minutes_pb2_grpc
from fosse.membership.v1 import directory_pb2, directory_pb2_grpc, links_pb2, links_pb2_grpc
from services.common.errors import NotFound, TooMany

PAGE = 1000
JOINING = "https://join.example/here"


class Meetings(events_pb2_grpc.MeetingsServicer):
    def __init__(self) -> None:
        self.meetings: dict[str, events_pb2.Meeting] = {}
        self.holders: dict[str, list[events_pb2.PlaceHolder]] = {}
        self.present: dict[str, list[str]] = {}
        self.away = False
        self.without_calendar = False

    def DescribeMeeting(
        self, request: events_pb2.DescribeMeetingRequest, context: Any
    ) -> events_pb2.DescribeMeetingResponse:
        return events_pb2.DescribeMeetingResponse(meeting=self._known(request.id))

    def ListPlaceHolders(
        self, request: events_pb2.ListPlaceHoldersRequest, context: Any
    ) -> events_pb2.ListPlaceHoldersResponse:
        self._known(request.meeting_id)
        return events_pb2.ListPlaceHoldersResponse(holders=self.holders.get(request.meeting_id, []))

    def ListPresent(self, request: events_pb2.ListPresentRequest, context: Any) -> events_pb2.ListPresentResponse:
        self._known(request.meeting_id)
        return events_pb2.ListPresentResponse(member_ids=self.present.get(request.meeting_id, []))

    def GetCalendarEntry(
        self, request: events_pb2.GetCalendarEntryRequest, context: Any
    ) -> events_pb2.GetCalendarEntryResponse:
        return events_pb2.GetCalendarEntryResponse(ics=self._entry(request.meeting_id), file_name="meeting.ics")

    def PrepareEnclosures(
        self, request: events_pb2.PrepareEnclosuresRequest, context: Any
    ) -> events_pb2.PrepareEnclosuresResponse:
        """The joining link is for who has a place."""
        entry = self._entry(request.meeting_id)
        holders = {each.member_id for each in self.holders.get(request.meeting_id, [])}
        return events_pb2.PrepareEnclosuresResponse(
            ics=entry,
            seated_member_ids=sorted(holders.intersection(request.member_ids)),
            seated_ics=entry.replace("END:", f"URL:{JOINING}\r\nEND:"),
            joining_link=JOINING,
        )

    def _entry(self, meeting_id: str) -> str:
        if self.without_calendar:
            raise TooMany("Busy.")
        meeting = self._known(meeting_id)
        off = meeting.state == facts_pb2.MEETING_STATE_CANCELLED
        lines = ("BEGIN:VCALENDAR", f"METHOD:{'CANCEL' if off else 'PUBLISH'}", f"UID:{meeting.id}", "END:VCALENDAR")
        return "\r\n".join((*lines, ""))

    def _known(self, meeting_id: str) -> events_pb2.Meeting:
        if self.away:
            raise TooMany("Busy.")
        if meeting_id not in self.meetings:
            raise NotFound("There is no such meeting.")
        return self.meetings[meeting_id]


class Minutes(minutes_pb2_grpc.MinutesServicer):
    def __init__(self) -> None:
        self.minutes: dict[str, minutes_pb2.GetMinutesResponse] = {}

    def GetMinutes(self, request: minutes_pb2.GetMinutesRequest, context: Any) -> minutes_pb2.GetMinutesResponse:
        if request.meeting_id not in self.minutes:
            raise NotFound("There are no minutes.")
        return self.minutes[request.meeting_id]


class Directory(directory_pb2_grpc.DirectoryServicer):
    def __init__(self) -> None:
        self.members: dict[str, list[str]] = {}
        self.asked = 0

    def ListMemberIds(
        self, request: directory_pb2.ListMemberIdsRequest, context: Any
    ) -> directory_pb2.ListMemberIdsResponse:
        self.asked += 1
        beyond = [each for each in sorted(self.members.get(request.community_id, ())) if each > request.after_id]
        return directory_pb2.ListMemberIdsResponse(member_ids=beyond[:PAGE])


class Links(links_pb2_grpc.LinksServicer):
    """A code for each id, the same whenever it is asked for."""

    def __init__(self) -> None:
        self.wishes: list[links_pb2.LinkWish] = []
        self.asked = 0

    def MakeLinks(self, request: links_pb2.MakeLinksRequest, context: Any) -> links_pb2.MakeLinksResponse:
        self.asked += 1
        self.wishes.extend(request.links)
        return links_pb2.MakeLinksResponse(
            links=[links_pb2.MadeLink(id=wish.id, code=a_code(wish.id)) for wish in request.links]
        )

    def of(self, member_id: str, purpose: links_pb2.LinkPurpose.ValueType) -> set[str]:
        """Codes that were made for a member to do one thing."""
        return {a_code(each.id) for each in self.wishes if (each.member_id, each.purpose) == (member_id, purpose)}


def a_code(link_id: str) -> str:
    return f"code-{link_id}"
