"""A certificate for names of this machine, from an authority made for it: for a look around, never for people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from services.common.clock import utc_now
from services.common.files import write_private

AUTHORITY, CERTIFICATE, KEY = "authority.pem", "certificate.pem", "key.pem"
_LIVES = timedelta(days=30)


def make(folder: Path, hosts: Sequence[str]) -> None:
    """Writes all three anew."""
    folder.mkdir(parents=True, exist_ok=True)
    now, authority, own = utc_now(), generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    issuer, subject = _name("Fosse on this machine"), _name(hosts[0])
    root = _builder(issuer, issuer, authority, now).add_extension(x509.BasicConstraints(True, 0), critical=True)
    names = x509.SubjectAlternativeName([x509.DNSName(each) for each in hosts])
    leaf = _builder(subject, issuer, own, now).add_extension(names, critical=False)
    write_private(folder / KEY, own.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for file, made in ((AUTHORITY, root), (CERTIFICATE, leaf)):
        (folder / file).write_bytes(made.sign(authority, SHA256()).public_bytes(Encoding.PEM))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, key.public_key(), x509.random_serial_number(), now - timedelta(hours=1), now + _LIVES
    )


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])
