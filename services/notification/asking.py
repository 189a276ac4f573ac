"""What notification asks its neighbours before it queues: each thing once for a round of messages.

What is gone meanwhile is answered as None, or as nobody: there is nothing to tell any more.
"""

from collections.abc import Callable
from typing import TypeVar

from fosse.events.v1 import events_pb2, facts_pb2, minutes_pb2
from fosse.events.v1.events_pb2_grpc import MeetingsStub
from fosse.events.v1.minutes_pb2_grpc import MinutesStub
from fosse.federation.v1 import federation_pb2
from fosse.federation.v1.federation_pb2_grpc import FederationStub
from fosse.membership.v1 import directory_pb2
from fosse.membership.v1.directory_pb2_grpc import DirectoryStub
from fosse.resource.v1 import resource_pb2
from fosse.resource.v1.resource_pb2_grpc import ResourcesStub
from services.common.channels import Channels
from services.common.errors import NotFound
from services.notification import messages
from services.notification.domain.adoptions import Adopted
from services.notification.domain.meetings import Meeting, Minutes

T = TypeVar("T")


class Asking:
    """One round."""

    def __init__(self, channels: Channels) -> None:
        self._resource = channels.stub(ResourcesStub, "resource")
        self._federation = channels.stub(FederationStub, "federation")
        self._meetings = channels.stub(MeetingsStub, "events")
        self._minutes = channels.stub(MinutesStub, "events")
        self._directory = channels.stub(DirectoryStub, "membership")
        self._known: dict[tuple[str, str], object] = {}

    def adopted(self, adoption_id: str) -> Adopted | None:
        def ask() -> Adopted:
            request = resource_pb2.DescribeAdoptionRequest(adoption_id=adoption_id)
            return messages.adopted_in(self._resource.DescribeAdoption(request), self._nodes())

        return self._once("adopted", adoption_id, ask)

    def meeting(self, meeting_id: str) -> Meeting | None:
        def ask() -> Meeting:
            request = events_pb2.DescribeMeetingRequest(id=meeting_id)
            return messages.meeting_in(self._meetings.DescribeMeeting(request).meeting)

        return self._once("meeting", meeting_id, ask)

    def members(self, community_id: str) -> tuple[str, ...]:
        """Everybody in the community who has not left."""
        return self._once("members", community_id, lambda: self._members(community_id)) or ()

    def holders(self, meeting_id: str) -> tuple[str, ...]:
        """Who has a place or waits for one."""
        return tuple(each.member_id for each in self._holders(meeting_id))

    def position(self, meeting_id: str, member_id: str) -> int:
        """On the waiting list; 0 for who is not on it, or where it cannot be told: those online may wait as well."""
        holders = self._holders(meeting_id)
        if any(each.decision == facts_pb2.DECISION_ONLINE for each in holders):
            return 0
        waiting = [each.member_id for each in holders if each.decision == facts_pb2.DECISION_WAITING]
        return waiting.index(member_id) + 1 if member_id in waiting else 0

    def present(self, meeting_id: str) -> tuple[str, ...]:
        def ask() -> tuple[str, ...]:
            return tuple(self._meetings.ListPresent(events_pb2.ListPresentRequest(meeting_id=meeting_id)).member_ids)

        return self._once("present", meeting_id, ask) or ()

    def calendar(self, meeting_id: str) -> str:
        """The entry that is the same for everybody; empty: there is none."""

        def ask() -> str:
            return self._meetings.GetCalendarEntry(events_pb2.GetCalendarEntryRequest(meeting_id=meeting_id)).ics

        return self._once("calendar", meeting_id, ask) or ""

    def minutes(self, meeting_id: str, edition: int) -> Minutes | None:
        """One published edition."""
        found = self._all_minutes(meeting_id)
        editions = found.editions if found else ()
        return next((messages.minutes_in(each.words, edition) for each in editions if each.edition == edition), None)

    def draft(self, meeting_id: str) -> Minutes | None:
        found = self._all_minutes(meeting_id)
        return messages.minutes_in(found.draft) if found and found.draft_version else None

    def _all_minutes(self, meeting_id: str) -> minutes_pb2.GetMinutesResponse | None:
        def ask() -> minutes_pb2.GetMinutesResponse:
            return self._minutes.GetMinutes(minutes_pb2.GetMinutesRequest(meeting_id=meeting_id))

        return self._once("minutes", meeting_id, ask)

    def _holders(self, meeting_id: str) -> tuple[events_pb2.PlaceHolder, ...]:
        def ask() -> tuple[events_pb2.PlaceHolder, ...]:
            request = events_pb2.ListPlaceHoldersRequest(meeting_id=meeting_id)
            return tuple(self._meetings.ListPlaceHolders(request).holders)

        return self._once("holders", meeting_id, ask) or ()

    def _nodes(self) -> tuple[federation_pb2.NodeCard, ...]:
        def ask() -> tuple[federation_pb2.NodeCard, ...]:
            return tuple(self._federation.ListNodes(federation_pb2.ListNodesRequest()).nodes)

        return self._once("nodes", "", ask) or ()

    def _members(self, community_id: str) -> tuple[str, ...]:
        found: list[str] = []
        while more := self._members_beyond(community_id, found[-1] if found else ""):
            found.extend(more)
        return tuple(found)

    def _members_beyond(self, community_id: str, after_id: str) -> list[str]:
        request = directory_pb2.ListMemberIdsRequest(community_id=community_id, after_id=after_id)
        return list(self._directory.ListMemberIds(request).member_ids)

    def _once(self, what: str, which: str, ask: Callable[[], T]) -> T | None:
        if (what, which) not in self._known:
            try:
                self._known[what, which] = ask()
            except NotFound:
                self._known[what, which] = None
        known: T | None = self._known[what, which]  # type: ignore[assignment]  # kept under the name of its question
        return known
