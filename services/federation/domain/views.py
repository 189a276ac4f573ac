"""What people see of federation: how the node stands, what it holds of whom, where an item comes from."""

from dataclasses import dataclass
from datetime import datetime

from fosse.federation.v1 import entry_pb2
from services.federation.domain.newcomer import Newcomer
from services.federation.domain.registry import KnownNode, Registry
from services.federation.domain.standing import Enrolment, Standing


@dataclass(frozen=True)
class HeldOf:
    """What this node holds of another."""

    node: KnownNode
    items_held: int
    items_live: int
    files_missing: int
    last_heard: datetime | None
    quarantined: int
    waiting: int
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Status:
    standing: Standing
    enrolment: Enrolment
    signing: bool
    unsent: int
    held: list[HeldOf]
    newcomers: list[Newcomer]
    certificate_expires: datetime | None
    registry: Registry | None
    alarms: list[str]


@dataclass(frozen=True)
class Provenance:
    origin: KnownNode
    header: entry_pb2.EntryHeader
    entry_hash: bytes
    signature_valid: bool
    last_heard: datetime | None
