"""A node's own keys in a folder of its own: made once, readable by the node's account alone.

| file | what |
|---|---|
| `signing.key` | Ed25519 seed, 64 hexadecimal digits: signs entries and heads; its public half names the node |
| `sealing.key` | X25519 private key, 64 hexadecimal digits: opens what others sealed for this node |
| `tls.key` | EC P-256 private key, PEM: proves to the hub who is calling |
"""

import os
import stat
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from nacl.encoding import HexEncoder
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.signing import SigningKey

from services.common.errors import Conflict, Invalid
from services.common.files import write_private
from services.federation.domain.signing import Signer

SIGNING, SEALING, TLS = "signing.key", "sealing.key", "tls.key"

# SHA-256 of public keys whose private halves stand in our tests, examples and golden vectors: known to everybody.
_SAMPLE_NAMES = tuple(f"fosse sample key {name}" for name in ("hub", "notts", "derbys", "leics", "lincs"))
SAMPLE_KEYS = frozenset(
    sha256(public).hexdigest()
    for seed in (bytes(32), *(sha256(name.encode()).digest() for name in _SAMPLE_NAMES))
    for public in (bytes(SigningKey(seed).verify_key), bytes(PrivateKey(seed).public_key))
)


@dataclass(frozen=True)
class NodeKeys:
    signer: Signer
    sealing: PrivateKey = field(repr=False)
    tls: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def node_id(self) -> str:
        return self.signer.node

    @property
    def sealing_public(self) -> bytes:
        return bytes(self.sealing.public_key)

    @property
    def tls_pem(self) -> bytes:
        return _pem(self.tls)

    def certificate_request(self) -> bytes:
        """PKCS #10, DER. The hub takes the public key from it and nothing else."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.node_id[:32])])
        request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(self.tls, hashes.SHA256())
        return request.public_bytes(serialization.Encoding.DER)


def load_or_create(folder: Path) -> NodeKeys:
    """Keys are made together and only into a folder without any: a lost one is never replaced in silence."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not any((folder / name).exists() for name in (SIGNING, SEALING, TLS)):
        create(folder)
    return load(folder)


def create(folder: Path) -> None:
    """The signing key comes last: where it is, all are, even if the machine stopped half-way."""
    for name in (SEALING, TLS):
        (folder / name).unlink(missing_ok=True)
    write_private(folder / TLS, _pem(ec.generate_private_key(ec.SECP256R1())))
    write_private(folder / SEALING, PrivateKey.generate().encode(HexEncoder) + b"\n")
    write_private(folder / SIGNING, SigningKey.generate().encode(HexEncoder) + b"\n")


def load(folder: Path) -> NodeKeys:
    signing, sealing, tls = (read_secret(folder / name) for name in (SIGNING, SEALING, TLS))
    try:
        signer = Signer.of(SigningKey(signing.strip(), HexEncoder))
        private = PrivateKey(sealing.strip(), HexEncoder)
        key = serialization.load_pem_private_key(tls, password=None)
    except (CryptoError, ValueError, TypeError):
        raise Invalid(f"A key in {folder} cannot be read. Put the file back from your backup.") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid(f"{folder / TLS} is not an elliptic curve key. Put the file back from your backup.")
    refuse_sample(signer.public_key)
    refuse_sample(bytes(private.public_key))
    return NodeKeys(signer, private, key)


def refuse_sample(public_key: bytes) -> None:
    """Also for keys that others show: anybody could sign with these."""
    if sha256(public_key).hexdigest() in SAMPLE_KEYS:
        raise Invalid("This is a sample key, which everybody knows. Remove it, and the node makes one of its own.")


def read_secret(path: Path) -> bytes:
    """Refuses a key file that others on this machine could read."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        raise Conflict(
            f"{path} is missing, and this node cannot go on without. Put it back from your backup."
        ) from None
    except OSError:
        raise Invalid(f"{path} cannot be opened as a plain file by this account.") from None
    with os.fdopen(handle, "rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & 0o077:
            raise Invalid(f"{path} can be read by others on this machine. Run: chmod 600 {path}")
        return file.read()


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
