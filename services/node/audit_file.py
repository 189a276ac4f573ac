"""One item's history in a file: its audit rows, and the hashes that lead from each to a head that the node signed.

Of all other rows there are hashes alone, which nobody can turn back. The file shows that its rows were there, so and in
this order, when the head was signed; not that no row was left out of it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from hashlib import sha256
from typing import Any

from fosse.common.v1 import housekeeping_pb2 as pb
from fosse.federation.v1 import entry_pb2
from services.common.audit_proof import Sealed, chained, row_digest
from services.common.errors import Invalid
from services.common.instants import instant
from services.federation.domain.audit_heads import verify_with_key
from services.federation.domain.faults import Forged

FORMAT = "fosse/audit-history/1"
_CANNOT_READ = "This file is not a history that `fosse audit export` wrote, or it was cut short."


@dataclass(frozen=True)
class Part:
    """Rows of one service that one head covers. `after`: the place before the first digest; `previous`: its seal."""

    service: str
    head: entry_pb2.SignedAuditHead
    after: int
    previous: bytes
    digests: Sequence[bytes]
    rows: Sequence[pb.SealedAuditRow]


@dataclass(frozen=True)
class Shown:
    """A row that holds, and when the head that covers it was signed."""

    service: str
    row: Sealed
    signed_at: datetime


def written(node_id: str, public_key: bytes, item_id: str, parts: Sequence[Part]) -> str:
    found = {"format": FORMAT, "node": node_id, "key": public_key.hex(), "item": item_id}
    return json.dumps({**found, "parts": [_part(part) for part in parts]}, indent=1, ensure_ascii=False) + "\n"


def checked(text: str, key: str) -> list[Shown]:
    """The rows of a file, all of which hold. `key`: the node's public key or its id, as 64 hexadecimal digits.

    Raises `Invalid` with a sentence that names the first thing that does not hold.
    """
    try:
        found = json.loads(text)
        if found["format"] != FORMAT:
            raise Invalid("This file is of another form than this software reads.")
        public_key = bytes.fromhex(found["key"])
        if key not in (found["key"], sha256(public_key).hexdigest()):
            raise Invalid("The file says that it was signed with another key than the one you gave.")
        shown = [each for part in found["parts"] for each in _shown(part, found, public_key)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid(_CANNOT_READ) from None
    if not shown or len({(each.service, each.row.number) for each in shown}) < len(shown):
        raise Invalid("The file holds no row at all, or one of them twice.")
    return shown


def _part(part: Part) -> dict[str, Any]:
    return {
        "service": part.service,
        "statement": part.head.statement.hex(),
        "signature": part.head.signature.hex(),
        "after": part.after,
        "previous": part.previous.hex(),
        "digests": [one.hex() for one in part.digests],
        "rows": [{"place": row.place, **_row(row)} for row in part.rows],
    }


def _row(sealed: pb.SealedAuditRow) -> dict[str, Any]:
    row = sealed.row
    return {
        "number": row.number,
        "at": instant(row.at).isoformat(),
        "action": row.action,
        "actor": row.actor,
        "item_id": row.item_id,
        "actor_proof": sealed.actor_proof.hex(),
        "item_proof": sealed.item_proof.hex(),
    }


def _shown(part: dict[str, Any], found: dict[str, Any], public_key: bytes) -> list[Shown]:
    head = entry_pb2.SignedAuditHead(
        statement=bytes.fromhex(part["statement"]), signature=bytes.fromhex(part["signature"])
    )
    try:
        statement = verify_with_key(head, public_key)
    except Forged as forged:
        raise Invalid(f"A signed head of {part['service']} does not hold. {forged.sentence}") from None
    digests = [bytes.fromhex(one) for one in part["digests"]]
    last = reduce(chained, digests, bytes.fromhex(part["previous"]))
    said = (statement.node, statement.service, statement.count, statement.hash)
    if said != (found["node"], part["service"], part["after"] + len(digests), last):
        raise Invalid(f"The hashes of {part['service']} do not lead to its signed head: some were altered or left out.")
    signed_at = instant(statement.time)
    return [Shown(part["service"], _held(row, part, digests, found["item"]), signed_at) for row in part["rows"]]


def _held(row: dict[str, Any], part: dict[str, Any], digests: Sequence[bytes], item: str) -> Sealed:
    proofs = {name: bytes.fromhex(row[name]) for name in ("actor_proof", "item_proof")}
    at = datetime.fromisoformat(row["at"]).astimezone(UTC)
    sealed = Sealed(row["number"], at, row["action"], row["actor"], row["item_id"], **proofs)
    place = row["place"] - part["after"] - 1
    if sealed.item_id != item or not 0 <= place < len(digests) or row_digest(sealed) != digests[place]:
        raise Invalid(f"Row {sealed.number} of {part['service']} is not as it was sealed: it was altered or put in.")
    return sealed
