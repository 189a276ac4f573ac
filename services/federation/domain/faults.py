"""What can be wrong with an entry, and whether it stops its stream or only itself (DESIGN.md §7)."""

from enum import Enum

from services.common.errors import Invalid


class Fault(Enum):
    # Stream faults: nothing of this stream is taken until the right entry comes, or a person decides.
    MALFORMED = "malformed"
    KEY = "key"
    SIGNATURE = "signature"
    CONTENT = "content"
    GAP = "gap"
    FORK = "fork"
    NEW_EPOCH = "new_epoch"
    STREAM = "stream"
    # Stream faults of the region rather than of the stream: they pass by themselves.
    REGISTRY = "registry"
    STATUS = "status"
    # Entry faults: this entry is set aside and the stream goes on.
    SIZE = "size"
    OWNER = "owner"
    SCHEMA = "schema"
    RESURRECTION = "resurrection"


class Forged(Invalid):
    """A statement that its origin did not sign, or not in this form; the sentence is for an operator."""

    def __init__(self, fault: Fault, sentence: str) -> None:
        super().__init__(sentence)
        self.fault = fault
