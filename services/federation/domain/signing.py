"""Ed25519 as Fosse uses it: who signs, under which key id, and the check of a signature.

Every signed statement begins with a tag (`fosse/entry/1`, `fosse/head/1`, `fosse/registry/1`, `fosse/enrolment/1`),
so that a signature over one kind of statement is never valid for another.
"""

from dataclasses import dataclass, field
from hashlib import sha256

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

SIGNATURE_BYTES = 64
KEY_ID_DIGITS = 16


def node_id_of(first_public_key: bytes) -> str:
    """The name a node keeps for life, whatever keys it signs with later."""
    return sha256(first_public_key).hexdigest()


def key_id_of(public_key: bytes) -> str:
    return sha256(public_key).hexdigest()[:KEY_ID_DIGITS]


@dataclass(frozen=True)
class Signer:
    """A node's signing key with the names it signs under."""

    node: str
    key_id: str
    key: SigningKey = field(repr=False)

    @classmethod
    def of(cls, key: SigningKey, node: str = "") -> "Signer":
        """`node` is needed only for a key that is not the node's first."""
        public = bytes(key.verify_key)
        return cls(node or node_id_of(public), key_id_of(public), key)

    @property
    def public_key(self) -> bytes:
        return bytes(self.key.verify_key)

    def sign(self, statement: bytes) -> bytes:
        return self.key.sign(statement).signature


def signature_holds(public_key: bytes, statement: bytes, signature: bytes) -> bool:
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        VerifyKey(public_key).verify(statement, signature)
    except BadSignatureError:
        return False
    return True
