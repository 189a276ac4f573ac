"""The hub's small certificate authority: it signs the county certificates and its own door's, and nothing else.

A certificate is only the key to the door. Whether a node may come in is asked of the registry on every call, so
there is no list of revoked certificates.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from services.common.errors import Invalid
from services.common.files import write_private
from services.federation.keys import read_secret

KEY, CERTIFICATE = "authority.key", "authority.pem"
# Clocks are wrong: without this a county that is behind sees only "Socket closed".
BACKDATED = timedelta(hours=48)
A_YEAR = timedelta(days=365)
AUTHORITY_LIFE = timedelta(days=3650)
LARGEST_REQUEST = 8 * 1024


@dataclass(frozen=True)
class Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def sign_request(self, request: bytes, node_id: str, now: datetime) -> bytes:
        """A county's certificate, DER. Of its request only the public key counts, never what else it asks for."""
        public_key = _checked(request).public_key()
        names = [x509.UniformResourceIdentifier(f"fosse:node:{node_id}")]
        return self._leaf(public_key, names, ExtendedKeyUsageOID.CLIENT_AUTH, now)

    def server_certificate(self, request: bytes, hosts: Sequence[str], now: datetime) -> bytes:
        """The door's own certificate, DER, for the names and addresses that counties dial."""
        names = [_name(host) for host in hosts]
        return self._leaf(_checked(request).public_key(), names, ExtendedKeyUsageOID.SERVER_AUTH, now)

    def _leaf(
        self,
        public_key: CertificatePublicKeyTypes,
        names: Sequence[x509.GeneralName],
        purpose: x509.ObjectIdentifier,
        now: datetime,
    ) -> bytes:
        builder = (
            _builder("Fosse node", self.certificate.subject, public_key, now, A_YEAR)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def load_or_create(folder: Path, now: datetime) -> Authority:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / CERTIFICATE).exists():
        _create(folder, now)
    key = serialization.load_pem_private_key(read_secret(folder / KEY), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Invalid(f"{folder / KEY} is not an elliptic curve key. Put the file back from your backup.")
    return Authority(x509.load_pem_x509_certificate((folder / CERTIFICATE).read_bytes()), key)


def _create(folder: Path, now: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _subject("Fosse hub authority")
    certificate = (
        _builder("Fosse hub authority", name, key.public_key(), now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_private(folder / KEY, pem)
    write_private(folder / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))


def spki_of_request(request: bytes) -> bytes:
    """SHA-256 of the public key: what the registry holds and the door compares."""
    return _spki(_checked(request).public_key())


def spki_of_certificate(certificate: bytes) -> bytes:
    """Of a certificate in PEM, as gRPC shows it, or DER."""
    if certificate.startswith(b"-----BEGIN"):
        return _spki(x509.load_pem_x509_certificate(certificate).public_key())
    return _spki(x509.load_der_x509_certificate(certificate).public_key())


def check_given(certificate: bytes, authority: bytes, spki: bytes) -> None:
    """What a hub gave a county is a certificate of that county's key, and one of the hub's authority."""
    try:
        fits = spki_of_certificate(certificate) == spki and bool(spki_of_certificate(authority))
    except ValueError:
        fits = False
    if not fits:
        raise Invalid("The hub gave a certificate that is not of this node's key. Ask the hub's operator.")


def pem_of(certificate: bytes) -> bytes:
    """DER, as it travels, to PEM, as gRPC wants it."""
    return x509.load_der_x509_certificate(certificate).public_bytes(serialization.Encoding.PEM)


def expires_at(certificate: bytes) -> datetime:
    return x509.load_der_x509_certificate(certificate).not_valid_after_utc


def _checked(request: bytes) -> x509.CertificateSigningRequest:
    try:
        if len(request) > LARGEST_REQUEST:
            raise ValueError("too large")
        read = x509.load_der_x509_csr(request)
        key = read.public_key()
        if not read.is_signature_valid or not isinstance(key, ec.EllipticCurvePublicKey):
            raise ValueError("not signed by its own elliptic curve key")
        if not isinstance(key.curve, ec.SECP256R1):
            raise ValueError("another curve")
    except (ValueError, InvalidSignature):
        raise Invalid("The certificate request cannot be used. Ask again from that node.") from None
    return read


def _builder(
    subject: str, issuer: x509.Name, key: CertificatePublicKeyTypes, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_subject(subject))
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _spki(key: CertificatePublicKeyTypes) -> bytes:
    info = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(info).digest()
