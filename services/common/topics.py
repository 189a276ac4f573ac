"""Which topic carries which facts, who says them and who listens: the only place where services meet by name."""

from dataclasses import dataclass

from google.protobuf.message import Message

from fosse.common.v1 import facts_pb2 as common
from fosse.evaluation.v1 import facts_pb2 as evaluation
from fosse.events.v1 import facts_pb2 as events
from fosse.federation.v1 import facts_pb2 as federation
from fosse.membership.v1 import facts_pb2 as membership
from fosse.resource.v1 import facts_pb2 as resource


@dataclass(frozen=True)
class Topic:
    """One per service, named `fosse.<service>`."""

    service: str
    says: tuple[type[Message], ...]
    listeners: tuple[str, ...]
    # The issue that brings the first listener, where there is none yet.
    heard_from_issue: int | None = None

    @property
    def name(self) -> str:
        return f"fosse.{self.service}"


MEMBERSHIP = Topic("membership", (membership.MemberChanged, membership.MemberBound), ("evaluation", "membership"))
EVENTS = Topic(
    "events",
    (
        events.MeetingChanged,
        events.MeetingAnnounced,
        events.MeetingMoved,
        events.MeetingCalledOff,
        events.PlaceDecided,
        events.AttendanceNoted,
        events.AttendanceClosed,
        events.RefusalsRecorded,
        events.MinutesPublished,
        events.MinutesTested,
    ),
    ("evaluation", "notification"),
)
RESOURCE = Topic(
    "resource",
    (common.ItemShared, resource.ResourceChanged, resource.ResourceAdopted),
    ("federation", "notification", "evaluation"),
)
EVALUATION = Topic("evaluation", (common.ItemShared, evaluation.PulseOpened), ("federation", "notification"))
# Who joins or leaves the region will be told by notification's digests.
FEDERATION = Topic("federation", (federation.NodeAdmitted,), (), heard_from_issue=8)

TOPICS: dict[str, Topic] = {topic.name: topic for topic in (MEMBERSHIP, EVENTS, RESOURCE, EVALUATION, FEDERATION)}

SERVICES = ("membership", "events", "resource", "evaluation", "federation", "notification")
"""Of every node, in the order in which people read of them."""

TAKES: dict[str, str] = {
    "fosse.shared.v1.Resource": "resource",
    "fosse.shared.v1.Adoption": "resource",
    "fosse.shared.v1.Aggregate": "evaluation",
}
"""Which service takes entries with a body of this schema."""


def kind(message: type[Message] | Message) -> str:
    """The name by which a fact is known on the bus: the full name of its message."""
    return str(message.DESCRIPTOR.full_name)
