"""Facts that events says on its topic."""

from fosse.events.v1 import facts_pb2 as pb
from services.common.instants import stamp
from services.events.domain.attendance import Attendance, Presence
from services.events.domain.meeting import Meeting
from services.events.domain.minutes import Edition
from services.events.domain.place import Place
from services.events.domain.room import Asked, Decided


def meeting_changed(meeting: Meeting) -> pb.MeetingChanged:
    return pb.MeetingChanged(
        meeting_id=meeting.id,
        community_id=meeting.community_id,
        state=pb.MeetingState.ValueType(meeting.state),
        starts_at=stamp(meeting.when.starts_at),
        recorded=meeting.recorded,
        version=meeting.version,
    )


def meeting_announced(meeting: Meeting) -> pb.MeetingAnnounced:
    return pb.MeetingAnnounced(meeting_id=meeting.id, community_id=meeting.community_id, version=meeting.version)


def meeting_moved(meeting: Meeting) -> pb.MeetingMoved:
    return pb.MeetingMoved(meeting_id=meeting.id, community_id=meeting.community_id, version=meeting.version)


def meeting_called_off(meeting: Meeting) -> pb.MeetingCalledOff:
    return pb.MeetingCalledOff(meeting_id=meeting.id, community_id=meeting.community_id, version=meeting.version)


def place_decided(meeting: Meeting, decided: Decided, place: Place) -> pb.PlaceDecided:
    return pb.PlaceDecided(
        meeting_id=meeting.id,
        community_id=meeting.community_id,
        member_id=place.member_id,
        decision=pb.Decision.ValueType(decided.decision),
        receipt=decided.receipt,
        promoted=decided.asked is Asked.PROMOTION,
        first=place.version == 1,
        version=place.version,
    )


def attendance_noted(meeting: Meeting, member_id: str, presence: Presence, version: int) -> pb.AttendanceNoted:
    return pb.AttendanceNoted(
        meeting_id=meeting.id,
        community_id=meeting.community_id,
        member_id=member_id,
        presence=pb.Presence.ValueType(presence),
        version=version,
    )


def attendance_closed(meeting: Meeting, attendance: Attendance, ask_pulse: bool) -> pb.AttendanceClosed:
    return pb.AttendanceClosed(
        meeting_id=meeting.id, community_id=meeting.community_id, present=attendance.count, ask_pulse=ask_pulse
    )


def refusals_recorded(meeting: Meeting) -> pb.RefusalsRecorded:
    return pb.RefusalsRecorded(
        meeting_id=meeting.id, community_id=meeting.community_id, refused=meeting.refused, version=meeting.version
    )


def minutes_published(meeting: Meeting, edition: Edition) -> pb.MinutesPublished:
    return pb.MinutesPublished(
        meeting_id=meeting.id,
        community_id=meeting.community_id,
        edition=edition.edition,
        mail=edition.mailed,
        mailing_id=edition.mailing_id,
    )


def minutes_tested(meeting: Meeting, member_id: str, test_id: str) -> pb.MinutesTested:
    return pb.MinutesTested(meeting_id=meeting.id, member_id=member_id, test_id=test_id)
