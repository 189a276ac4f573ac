"""What evaluation hears: members, meetings, places, attendance, resources and their use."""

import secrets

from sqlalchemy import Connection

from fosse.events.v1.facts_pb2 import (
    AttendanceClosed,
    AttendanceNoted,
    MeetingChanged,
    PlaceDecided,
    RefusalsRecorded,
)
from fosse.membership.v1.facts_pb2 import MemberChanged
from fosse.resource.v1.facts_pb2 import RESOURCE_STATE_PUBLISHED, ResourceAdopted, ResourceChanged
from services.common.bus import Consumer, Message
from services.common.clock import Clock
from services.common.topics import EVENTS, MEMBERSHIP, RESOURCE, kind
from services.evaluation.messages import heard
from services.evaluation.usecases import hearing

NAME = "evaluation"
_SECRET_BYTES = 32
# A figure may follow its fact by a second.
_GATHER_S = 0.5


def consumer(clock: Clock) -> Consumer:
    def meeting_changed(conn: Connection, message: Message) -> None:
        hearing.meeting_changed(conn, heard.meeting(message.as_(MeetingChanged)), clock())

    def attendance_closed(conn: Connection, message: Message) -> None:
        fact = message.as_(AttendanceClosed)
        if fact.ask_pulse:
            pulse = hearing.a_pulse(
                fact.meeting_id, community_id=fact.community_id, present=fact.present, at=message.happened_at
            )
            hearing.attendance_closed(conn, pulse, secrets.token_bytes(_SECRET_BYTES), clock())

    handlers = {
        kind(MemberChanged): _member_changed,
        kind(MeetingChanged): meeting_changed,
        kind(PlaceDecided): _place_decided,
        kind(AttendanceNoted): _attendance_noted,
        kind(AttendanceClosed): attendance_closed,
        kind(RefusalsRecorded): _refusals_recorded,
        kind(ResourceChanged): _resource_changed,
        kind(ResourceAdopted): _resource_adopted,
    }
    return Consumer(NAME, (MEMBERSHIP.name, EVENTS.name, RESOURCE.name), handlers, gather_s=_GATHER_S)


def _member_changed(conn: Connection, message: Message) -> None:
    hearing.member_changed(conn, heard.member(message.as_(MemberChanged), message.happened_at))


def _place_decided(conn: Connection, message: Message) -> None:
    fact = message.as_(PlaceDecided)
    if fact.decision in heard.NO_PLACE and not fact.promoted:
        hearing.place_refused(conn, fact.meeting_id, fact.member_id)


def _attendance_noted(conn: Connection, message: Message) -> None:
    fact = message.as_(AttendanceNoted)
    hearing.attendance_noted(
        conn,
        meeting_id=fact.meeting_id,
        member_id=fact.member_id,
        version=fact.version,
        present=fact.presence in heard.PRESENT,
    )


def _refusals_recorded(conn: Connection, message: Message) -> None:
    fact = message.as_(RefusalsRecorded)
    hearing.refusals_recorded(conn, meeting_id=fact.meeting_id, version=fact.version, number=fact.refused)


def _resource_changed(conn: Connection, message: Message) -> None:
    fact = message.as_(ResourceChanged)
    if fact.state == RESOURCE_STATE_PUBLISHED and not fact.origin_node_id and fact.community_id:
        hearing.resource_published(conn, fact.resource_id, community_id=fact.community_id, at=message.happened_at)


def _resource_adopted(conn: Connection, message: Message) -> None:
    fact = message.as_(ResourceAdopted)
    if fact.community_id:
        hearing.resource_adopted(
            conn, fact.adoption_id, community_id=fact.community_id, stage=fact.stage, at=message.happened_at
        )
