"""The private authority of a node, and a certificate for each of its processes (X.509, RFC 5280).

A certificate names its workload twice: as a SPIFFE id that servers believe, and as a DNS name that clients check. Those
in the last third of their life are made anew when `setup` runs; the processes read them without a restart.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.common.errors import Invalid
from services.common.files import write_all_private
from services.common.wires import AUTHORITY, IDENTITY

AUTHORITY_KEY = "authority.key"
_SUBJECT = "Fosse node "
_AUTHORITY_LIVES = timedelta(days=3650)
_LIVES = timedelta(days=90)
_RENEWED_BEFORE = _LIVES / 3
# Clocks are wrong, and a certificate of tomorrow shows as a closed connection without a reason.
_SKEW = timedelta(days=2)


@dataclass(frozen=True)
class Authority:
    """Signs for one node; its key is seen by `setup` alone."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey
    node: str

    def issue(self, workload: str, folder: Path, now: datetime) -> bool:
        """Puts what `MutualTls` reads into the workload's folder; False where what is there lasts long enough."""
        if self._lasts(folder / IDENTITY, workload, now):
            return False
        key = generate_private_key(SECP256R1())
        made = self._leaf(workload, key, now).sign(self.key, SHA256())
        write_all_private(
            {folder / AUTHORITY: _public(self.certificate), folder / IDENTITY: _public(made) + _private(key)}
        )
        return True

    def _lasts(self, file: Path, workload: str, now: datetime) -> bool:
        if not file.exists():
            return False
        there = x509.load_pem_x509_certificate(file.read_bytes())
        ours = self._signed(there) and _uri(there) == self._uri(workload)
        return ours and there.not_valid_after_utc - now > _RENEWED_BEFORE

    def _signed(self, there: x509.Certificate) -> bool:
        """By this key: an authority that was lost and made again has the same name."""
        try:
            there.verify_directly_issued_by(self.certificate)
        except (ValueError, InvalidSignature):
            return False
        return True

    def _leaf(self, workload: str, key: EllipticCurvePrivateKey, now: datetime) -> x509.CertificateBuilder:
        names = [x509.DNSName(workload), x509.UniformResourceIdentifier(self._uri(workload))]
        both_ways = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return (
            _builder(_name(workload), self.certificate.subject, key, now, _LIVES)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(both_ways), critical=False)
        )

    def _uri(self, workload: str) -> str:
        return f"spiffe://{self.node}/{workload}"


def opened(folder: Path, node: str, now: datetime) -> Authority:
    """The node's authority, made at the first run; raises `Invalid` where the folder holds another node's."""
    if not (folder / AUTHORITY_KEY).exists():
        _make(folder, node, now)
    key = load_pem_private_key((folder / AUTHORITY_KEY).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((folder / AUTHORITY).read_bytes())
    assert isinstance(key, EllipticCurvePrivateKey)
    if certificate.subject != _name(_SUBJECT + node):
        owner = str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).removeprefix(_SUBJECT)
        raise Invalid(
            f"These secrets belong to another node than {node}: to {owner}. Nothing was changed. Set FOSSE_SLUG to the "
            "name that this node was first started with, or give the new node volumes of its own."
        )
    return Authority(certificate, key, node)


def _make(folder: Path, node: str, now: datetime) -> None:
    key, name = generate_private_key(SECP256R1()), _name(_SUBJECT + node)
    made = (
        _builder(name, name, key, now, _AUTHORITY_LIVES)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    write_all_private({folder / AUTHORITY: _public(made), folder / AUTHORITY_KEY: _private(key)})


def _builder(
    subject: x509.Name, issuer: x509.Name, key: EllipticCurvePrivateKey, now: datetime, lives: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder(issuer, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + lives)
    )


def _name(words: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, words)])


def _uri(certificate: x509.Certificate) -> str:
    named = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return next(iter(named.get_values_for_type(x509.UniformResourceIdentifier)), "")


def _public(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def _private(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
