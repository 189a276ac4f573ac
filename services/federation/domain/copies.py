"""A stream as this node holds it, and an entry of it on its way to a service."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from fosse.federation.v1 import entry_pb2
from services.federation.domain.chain import NOTHING, Position
from services.federation.domain.faults import Fault
from services.federation.domain.intake import StreamKey, Verdict


@dataclass(frozen=True)
class StreamCopy:
    """`head`: the newest that the origin signed; `hub_epoch`, `hub_seq`: how far the hub has a stream of ours."""

    node: str
    stream: str
    position: Position = NOTHING
    head: entry_pb2.SignedHead = field(default_factory=entry_pb2.SignedHead)
    head_time: datetime | None = None
    head_live_items: int = 0
    fault: Fault | None = None
    alarm: str = ""
    hub_epoch: int = 0
    hub_seq: int = 0

    @property
    def key(self) -> StreamKey:
        return self.node, self.stream


class EntryState(StrEnum):
    """What this node still has to do with an entry it holds."""

    OWN = "own"
    # To be handed to the service that owns such items.
    DUE = "due"
    APPLIED = "applied"
    REFUSED = "refused"
    WAITS = "waits"
    RELAYED = "relayed"
    SUPERSEDED = "superseded"
    HOLLOW = "hollow"
    QUARANTINED = "quarantined"


STATE_OF = {
    Verdict.APPLY: EntryState.DUE,
    Verdict.RELAY: EntryState.RELAYED,
    Verdict.SUPERSEDED: EntryState.SUPERSEDED,
    Verdict.HOLLOW: EntryState.HOLLOW,
    Verdict.WAIT: EntryState.WAITS,
    Verdict.QUARANTINE: EntryState.QUARANTINED,
}


@dataclass(frozen=True)
class KeptEntry:
    """An entry with its number in the order of arrival here, and what became of it."""

    number: int
    hash: bytes
    entry: entry_pb2.Entry
    state: EntryState


@dataclass(frozen=True)
class SetAside:
    """An entry in quarantine."""

    node: str
    stream: str
    epoch: int
    seq: int
    item: str
    reason: str
    at: datetime
    number: int = 0
