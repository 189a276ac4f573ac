"""What must be signed so that an item stands where its audience says, and nowhere else.

A change of audience is a withdrawal in one stream and a put in another. The put carries the item's new version; the
withdrawal only the version that stood in its stream, so that it blocks what was there and not the new one, in whichever
order the two arrive.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fosse.common.v1 import shareable_pb2


@dataclass(frozen=True)
class Placed:
    """What this node last said of an item in one stream."""

    version: int
    live: bool


@dataclass(frozen=True)
class Move:
    stream: str
    operation: shareable_pb2.Operation.ValueType
    version: int

    @property
    def after(self) -> Placed:
        return Placed(self.version, self.operation == shareable_pb2.OPERATION_PUT)


def moves(version: int, targets: Collection[str], placed: Mapping[str, Placed]) -> list[Move]:
    """From where the item stands to where it should; `targets` is empty for an item that is withdrawn or came home.

    Puts come first: whoever reads both streams is never without the item. Asked again, there is nothing left to do.
    """
    puts = [
        Move(stream, shareable_pb2.OPERATION_PUT, version)
        for stream in sorted(targets)
        if stream not in placed or placed[stream].version < version
    ]
    withdrawals = [
        Move(stream, shareable_pb2.OPERATION_WITHDRAW, there.version if targets else max(version, there.version))
        for stream, there in sorted(placed.items())
        if there.live and stream not in targets
    ]
    return puts + withdrawals
