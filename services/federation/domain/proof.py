"""What a county signs when it asks to be let in, so that the hub knows that it holds the key it shows."""

from dataclasses import dataclass

from services.federation.domain.faults import Fault, Forged
from services.federation.domain.signing import Signer, signature_holds

TAG = b"fosse/enrolment/1"


@dataclass(frozen=True)
class Asking:
    """The fields of a `ReceiveEnrolmentRequest` without its proof."""

    code: str
    slug: str
    name: str
    signing_key: bytes
    sealing_key: bytes
    # PKCS #10, DER.
    certificate_request: bytes

    def statement(self) -> bytes:
        """The tag and each field in the order above, each after its length as four bytes, the greatest first."""
        parts = (
            TAG,
            self.code.encode(),
            self.slug.encode(),
            self.name.encode(),
            self.signing_key,
            self.sealing_key,
            self.certificate_request,
        )
        return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def prove(signer: Signer, asking: Asking) -> bytes:
    return signer.sign(asking.statement())


def check_proof(asking: Asking, proof: bytes) -> None:
    if len(asking.signing_key) != 32 or len(asking.sealing_key) != 32:
        raise Forged(Fault.KEY, "The keys of this node do not have the right length.")
    if not signature_holds(asking.signing_key, asking.statement(), proof):
        raise Forged(Fault.SIGNATURE, "The node does not show that it holds the key it sent. Ask again from there.")
