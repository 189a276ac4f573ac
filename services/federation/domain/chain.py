"""Order within a stream: each entry names the hash of the one before, so nothing can be left out, swapped or cut."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from fosse.federation.v1 import entry_pb2

HASH_BYTES = 32
NO_HASH = bytes(HASH_BYTES)


@dataclass(frozen=True)
class Position:
    """How far a stream is held. `epoch` has all 64 bits: wider than the signed integers of SQL."""

    epoch: int
    seq: int
    hash: bytes

    @classmethod
    def start(cls, epoch: int) -> "Position":
        """Before the first entry of an epoch."""
        return cls(epoch, 0, NO_HASH)


NOTHING = Position(0, 0, NO_HASH)


class Link(Enum):
    FOLLOWS = "follows"
    # Old traffic played again: the very entry that is held already.
    ALREADY_HELD = "already_held"
    # Entries between what is held and this one are missing.
    GAP = "gap"
    # The origin signed two histories: another entry at a number that is held, or one that continues another history.
    FORK = "fork"
    # The first entry of another epoch: how a node goes on after it lost its latest entries.
    NEW_EPOCH = "new_epoch"


def check_next(
    position: Position, header: entry_pb2.EntryHeader, entry_hash: bytes, *, held_hash: bytes | None = None
) -> Link:
    """How an entry stands to what is held. `held_hash`: of the entry held at its epoch and seq, if there is one."""
    if held_hash is not None:
        return Link.ALREADY_HELD if held_hash == entry_hash else Link.FORK
    if position.seq and header.epoch != position.epoch:
        return Link.NEW_EPOCH if header.seq == 1 and header.previous == NO_HASH else Link.GAP
    if header.seq > position.seq + 1:
        return Link.GAP
    if header.seq <= position.seq:
        same = header.seq == position.seq and entry_hash == position.hash
        return Link.ALREADY_HELD if same else Link.FORK
    return Link.FOLLOWS if header.previous == position.hash else Link.FORK


class HeadView(Enum):
    """What a signed head says about the entries held."""

    AGREES = "agrees"
    # The head is further than what is held: fetch on; truncated if the hub says that there is no more.
    BEHIND = "behind"
    # The head is of an entry held earlier, and what followed is held too: nothing wrong, nothing new.
    OLDER = "older"
    FORK = "fork"
    NEW_EPOCH = "new_epoch"


def check_head(position: Position, head: entry_pb2.HeadStatement, *, held_hash: bytes | None = None) -> HeadView:
    """`held_hash`: of the entry held at the head's epoch and seq, if there is one."""
    if position.seq and head.epoch != position.epoch:
        return HeadView.NEW_EPOCH
    if head.seq > position.seq:
        return HeadView.BEHIND
    held = position.hash if head.seq == position.seq else held_hash
    if held != head.hash:
        return HeadView.FORK
    return HeadView.AGREES if head.seq == position.seq else HeadView.OLDER


class HeadChange(Enum):
    """What a signed head says beside the newest one seen before of the same stream."""

    SAME = "same"
    NEWER = "newer"
    # Older than one seen before: somebody serves an old copy.
    STALE = "stale"
    # Signed later, yet shorter: the origin itself went back, and is about to fork.
    WENT_BACK = "went_back"
    # Two histories under one number: different readers are shown different things.
    SPLIT_VIEW = "split_view"
    NEW_EPOCH = "new_epoch"


def compare_heads(seen: entry_pb2.HeadStatement, head: entry_pb2.HeadStatement) -> HeadChange:
    if head.epoch != seen.epoch:
        return HeadChange.NEW_EPOCH
    later = _instant(head) > _instant(seen)
    if head.seq == seen.seq:
        if head.hash != seen.hash:
            return HeadChange.SPLIT_VIEW
        if later:
            return HeadChange.NEWER
        return HeadChange.SAME if _instant(head) == _instant(seen) else HeadChange.STALE
    if head.seq > seen.seq:
        return HeadChange.NEWER
    return HeadChange.WENT_BACK if later else HeadChange.STALE


def is_truncated(position: Position, head: entry_pb2.HeadStatement, *, more: bool) -> bool:
    """The hub says that there is no more, yet the origin signed for more."""
    return not more and head.seq > position.seq and (head.epoch == position.epoch or not position.seq)


def is_silent(head: entry_pb2.HeadStatement, now: datetime, longest: timedelta) -> bool:
    """Origins sign their heads anew from time to time even without news, so a hub that hides news shows as silence."""
    return now.timestamp() - head.time.seconds > longest.total_seconds()


def _instant(head: entry_pb2.HeadStatement) -> tuple[int, int]:
    return head.time.seconds, head.time.nanos
