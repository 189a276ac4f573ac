"""Facts that evaluation says on its topic."""

from fosse.common.v1 import facts_pb2 as common
from fosse.evaluation.v1 import facts_pb2 as pb


def item_shared(item_id: str, version: int) -> common.ItemShared:
    return common.ItemShared(item_id=item_id, version=version)


def pulse_opened(meeting_id: str) -> pb.PulseOpened:
    return pb.PulseOpened(meeting_id=meeting_id)
