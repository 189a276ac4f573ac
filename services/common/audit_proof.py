"""What a sealed audit row hashes to. Pure: the same code seals, checks, and reads an exported history offline.

Who did it and to what are hashed through a salt of their own. To erase a person the value is emptied and its salt gives
way to the digest that it made: the chain still holds, and nobody can guess who it was.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

START = bytes(32)
"""What the first row is chained to."""
SALT_BYTES = 16
_TAG = b"fosse/audit-row/1"


@dataclass(frozen=True)
class Sealed:
    """An audit row with its proofs: salts, or digests where the value was erased."""

    number: int
    at: datetime
    action: str
    actor: str
    item_id: str
    actor_proof: bytes
    item_proof: bytes

    @property
    def emptied(self) -> bool:
        return len(self.actor_proof) != SALT_BYTES or len(self.item_proof) != SALT_BYTES


def digest(value: str, proof: bytes) -> bytes:
    """Of a value and its salt; an erased value is empty, and its proof is the digest itself."""
    if len(proof) == SALT_BYTES:
        return sha256(proof + value.encode()).digest()
    # Nothing that is there fits: otherwise any value could stand before a digest.
    return b"" if value else proof


def row_digest(row: Sealed) -> bytes:
    words = "\x1f".join((str(row.number), row.at.astimezone(UTC).isoformat(), row.action))
    people = digest(row.actor, row.actor_proof) + digest(row.item_id, row.item_proof)
    return sha256(_TAG + people + words.encode()).digest()


def chained(previous: bytes, one_row: bytes) -> bytes:
    """The seal of a row, from the seal before it and the row's digest."""
    return sha256(previous + one_row).digest()
