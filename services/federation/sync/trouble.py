"""Why the hub's door gave no answer, in a sentence. gRPC says only "Socket closed", so we look for ourselves."""

import socket
import ssl
import tempfile
from datetime import datetime
from pathlib import Path

from cryptography import x509

from services.federation import authority
from services.federation.domain.standing import Standing
from services.federation.sync.proxy import SAFE, Proxy, dial, in_the_way

_TIMEOUT_S = 3.0


def why_no_answer(known: Standing, tls_key: bytes, now: datetime, proxy: Proxy | None) -> str:
    certificate = x509.load_der_x509_certificate(known.certificate)
    if now >= certificate.not_valid_after_utc:
        return (
            f"This node's certificate ran out on {certificate.not_valid_after_utc:%d %B %Y}, or its clock is wrong: it "
            f"says {now:%d %B %Y %H:%M}. Check the clock; if it is right, enrol with the hub again. {SAFE}"
        )
    if now < certificate.not_valid_before_utc:
        return f"This machine says {now:%d %B %Y %H:%M}, before its certificate was made. Set the clock. {SAFE}"
    host, _, port = known.door_address.rpartition(":")
    where = host.strip("[]"), int(port)
    return in_the_way(proxy, *where, _TIMEOUT_S) or _knock(known, where, tls_key, proxy)


def _knock(known: Standing, where: tuple[str, int], tls_key: bytes, proxy: Proxy | None) -> str:
    host, port = where
    try:
        with dial(proxy, host, port, _TIMEOUT_S) as plain:
            return _shake_hands(plain, host, known, tls_key)
    except (OSError, ValueError):
        return f"The hub does not answer at {known.door_address}. {SAFE}"


def _shake_hands(plain: socket.socket, host: str, known: Standing, tls_key: bytes) -> str:
    try:
        with _context(known, tls_key).wrap_socket(plain, server_hostname=host) as secure:
            # With TLS 1.3 a refused certificate shows only when something is read.
            secure.settimeout(_TIMEOUT_S)
            if secure.recv(1):
                return f"The hub at {known.door_address} is there, but gave no answer in time. {SAFE}"
    except ssl.SSLCertVerificationError as fault:
        return (
            f"What answers at {known.door_address} does not show the hub's certificate ({fault.verify_message}). Check "
            f"the address and this machine's clock, or ask the hub's operator. {SAFE}"
        )
    except TimeoutError:
        return f"The hub answers at {known.door_address} but is too busy just now. {SAFE}"
    except (ssl.SSLError, ConnectionError):
        pass
    return f"The hub refuses this node's certificate. Ask the hub's operator, or enrol again. {SAFE}"


def _context(known: Standing, tls_key: bytes) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=known.authority)
    context.set_alpn_protocols(["h2"])
    # The standard library reads a client's key from files only.
    with tempfile.TemporaryDirectory() as folder:
        pair = Path(folder) / "pair.pem"
        pair.touch(mode=0o600)
        pair.write_bytes(tls_key + authority.pem_of(known.certificate))
        context.load_cert_chain(pair)
    return context
