"""What a node holds of an item, and what an entry about it changes.

The first origin of an item owns it for ever: at the hub by the order of arrival, elsewhere by what the hub passed on
with its content, as streams are not read in that order. The higher version wins; a withdrawal blocks versions up to
its own, in whichever stream and order they come. So the live items are a function of the entries held, not of how they
travelled.
"""

from dataclasses import dataclass, replace
from enum import Enum

from fosse.common.v1 import shareable_pb2
from fosse.federation.v1 import entry_pb2


@dataclass(frozen=True)
class Item:
    """`version` and `stream`: of the newest put that counts (0: none); `withdrawn`: the highest version withdrawn."""

    owner: str
    version: int = 0
    stream: str = ""
    withdrawn: int = 0
    withdrawn_in: str = ""
    # The newest put came without its content, which the origin erased or somebody withheld.
    hollow: bool = False

    @property
    def live(self) -> bool:
        return self.version > self.withdrawn

    @property
    def seen(self) -> bool:
        """Its newest put came with its content: only then is its owner beyond doubt."""
        return self.version > 0 and not self.hollow

    @property
    def held(self) -> bool:
        """Counts towards "We hold 412 of 412 items"."""
        return self.live and not self.hollow


class Effect(Enum):
    """What an entry changes for the services."""

    APPLIES = "applies"
    # A newer version or a withdrawal came before it by another way: kept, and nothing changes.
    SUPERSEDED = "superseded"
    # A put without its content: there is nothing to show.
    HOLLOW = "hollow"
    NOT_THE_OWNER = "not_the_owner"
    # Put again in the very stream that withdrew it.
    RESURRECTION = "resurrection"
    # An operation of a later protocol.
    UNKNOWN = "unknown"


def settle(item: Item | None, header: entry_pb2.EntryHeader, *, hollow: bool = False) -> tuple[Effect, Item]:
    """What becomes of an item when the entry with this header is taken. `hollow`: its content is erased."""
    item = item or Item(owner=header.node)
    if item.owner != header.node:
        return Effect.NOT_THE_OWNER, item
    if header.operation == shareable_pb2.OPERATION_WITHDRAW:
        return _withdraw(item, header)
    if header.operation == shareable_pb2.OPERATION_PUT:
        return _put(item, header, hollow)
    return Effect.UNKNOWN, item


def _withdraw(item: Item, header: entry_pb2.EntryHeader) -> tuple[Effect, Item]:
    if header.item_version <= item.withdrawn:
        return Effect.SUPERSEDED, item
    after = replace(item, withdrawn=header.item_version, withdrawn_in=header.stream)
    return (Effect.SUPERSEDED if after.live else Effect.APPLIES), after


def _put(item: Item, header: entry_pb2.EntryHeader, hollow: bool) -> tuple[Effect, Item]:
    if header.item_version <= item.withdrawn:
        again = header.stream == item.withdrawn_in
        return (Effect.RESURRECTION if again else Effect.SUPERSEDED), item
    if header.item_version <= item.version:
        return Effect.SUPERSEDED, item
    after = replace(item, version=header.item_version, stream=header.stream, hollow=hollow)
    return (Effect.HOLLOW if hollow else Effect.APPLIES), after


def live_in(items: dict[str, Item], stream: str) -> int:
    return sum(item.held and item.stream == stream for item in items.values())
