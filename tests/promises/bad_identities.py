"""Identities that no service of a node may take for its operator: of a thief, a neighbour or a careless hand."""

from datetime import datetime, timedelta
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from services.common.clock import utc_now
from services.common.wires import IDENTITY
from services.node.setup import authority
from services.node.setup.authority import Authority
from tests.tls_services import NODE, TlsNode

_STRANGERS = {"derbys": "derbys", "twin": NODE}


def bad_identities(node: TlsNode, folder: Path) -> dict[str, grpc.ChannelCredentials | None]:
    """Each with what is wrong with it; `folder` is for their files."""
    return _Forger(node, folder).all()


class _Forger:
    def __init__(self, node: TlsNode, folder: Path) -> None:
        self._node = node
        self._folder = folder
        self._ours = node.authority
        self._key = generate_private_key(SECP256R1())

    def all(self) -> dict[str, grpc.ChannelCredentials | None]:
        foreign, twin = (authority.opened(self._new(name), slug, utc_now()) for name, slug in _STRANGERS.items())
        neighbour = Authority(self._ours.certificate, self._ours.key, "derbys")
        long_ago = utc_now() - timedelta(days=120)
        return {
            "no TLS": None,
            "no certificate": grpc.ssl_channel_credentials(self._node.trusted),
            "another node's authority": self._issued("a", foreign),
            "an authority of the same name": self._issued("b", twin),
            "self-signed": self._signed(self._key, _uri("operator")),
            "expired": self._issued("c", self._ours, long_ago),
            "of tomorrow": self._issued("d", self._ours, utc_now() + timedelta(days=4)),
            "another node's name": self._issued("e", neighbour),
            "no workload": self._signed(self._ours.key),
            "two workloads": self._signed(self._ours.key, _uri("operator"), _uri("gateway")),
            "two nodes": self._signed(self._ours.key, _uri("operator"), "spiffe://derbys/operator"),
            "a workload within a workload": self._signed(self._ours.key, _uri("x/operator")),
            "another scheme": self._signed(self._ours.key, f"https://{NODE}/operator"),
            "a workload nobody knows": self._signed(self._ours.key, _uri("stranger")),
        }

    def _new(self, name: str) -> Path:
        made = self._folder / name
        made.mkdir(parents=True)
        return made

    def _issued(self, name: str, by: Authority, now: datetime | None = None) -> grpc.ChannelCredentials:
        by.issue("operator", self._new(name), now or utc_now())
        return self._credentials((self._folder / name / IDENTITY).read_bytes())

    def _signed(self, by: EllipticCurvePrivateKey, *uris: str) -> grpc.ChannelCredentials:
        """A certificate whose DNS name is an operator's; signed by its own key, it says that our authority did."""
        names = [x509.DNSName("operator"), *map(x509.UniformResourceIdentifier, uris)]
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "operator")])
        made = (
            x509.CertificateBuilder(self._ours.certificate.subject, subject, self._key.public_key(), 7)
            .not_valid_before(utc_now() - timedelta(days=1))
            .not_valid_after(utc_now() + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .sign(by, SHA256())
        )
        private = self._key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self._credentials(made.public_bytes(Encoding.PEM) + private)

    def _credentials(self, identity: bytes) -> grpc.ChannelCredentials:
        """Whoever shows it knows whom to trust, but is not trusted."""
        return grpc.ssl_channel_credentials(self._node.trusted, identity, identity)


def _uri(workload: str) -> str:
    return f"spiffe://{NODE}/{workload}"
