"""How the processes of a node reach each other, and how one knows who the other is.

In one process, or on one machine: unix sockets in a folder that lets nobody else in, so that the name a caller gives is
believed. Between containers: mutual TLS with the node's own authority (RFC 8705 has the idea); a caller is who its
certificate says, as a SPIFFE id in a URI SAN (spiffe://notts/events), and a service must show a certificate with its
own name. Certificates are read again when their files change; connections that stand are not cut.
"""

import os
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import grpc
from cryptography import x509

from services.common.errors import NotAllowed

WORKLOAD = "fosse-workload"
PORT = 7443
# Certificate and key are one file, so that whoever reads while they are renewed has a pair.
AUTHORITY, IDENTITY = "authority.pem", "identity.pem"
_SAN = "x509_subject_alternative_name"
Options = tuple[tuple[str, Any], ...]


class Wires(Protocol):
    """What servers and channels need to know of the roads between processes."""

    def address(self, service: str) -> str: ...

    def listen(self, server: grpc.Server, service: str) -> None:
        """Raises `OSError` with a sentence when the address cannot be had."""

    def connect(self, service: str, options: Options) -> grpc.Channel: ...

    def generation(self) -> int:
        """Grows when connections should be made anew."""

    def caller(self, context: Any, said: str) -> str:
        """The workload that is calling; `said`: what it says of itself."""


@dataclass(frozen=True)
class Sockets:
    """Unix sockets in one folder."""

    folder: Path

    def address(self, service: str) -> str:
        return f"unix:{self.folder / service}.sock"

    def listen(self, server: grpc.Server, service: str) -> None:
        _private(self.folder)
        (self.folder / f"{service}.sock").unlink(missing_ok=True)
        _bind(lambda: server.add_insecure_port(self.address(service)), self.address(service))

    def connect(self, service: str, options: Options) -> grpc.Channel:
        return grpc.insecure_channel(self.address(service), options=options)

    def generation(self) -> int:
        return 0

    def caller(self, context: Any, said: str) -> str:
        return said


class MutualTls:
    """Certificates of one workload, in a folder of its own; safe from many threads."""

    def __init__(
        self,
        folder: Path,
        where: Callable[[str], str] | None = None,
        *,
        host: str = "0.0.0.0",
        look_again_s: float = 5.0,
    ) -> None:
        self._folder = folder
        self._host = host
        self._look_again_s = look_again_s
        self._guard = threading.Lock()
        self._generation, self._looked_at = 0, 0.0
        self._read = self._files()
        self._node = node = _node_of(self._read.identity)
        # With the node's name: who shares a network with another node could not tell its services from ours.
        self._where = where or (lambda service: f"{service}.{node}:{PORT}")

    def address(self, service: str) -> str:
        return self._where(service)

    def listen(self, server: grpc.Server, service: str) -> None:
        address = f"{self._host}:{self.address(service).rpartition(':')[2]}"
        credentials = grpc.dynamic_ssl_server_credentials(self._for_servers(), self._for_servers, True)
        _bind(lambda: server.add_secure_port(address, credentials), address)

    def connect(self, service: str, options: Options) -> grpc.Channel:
        files = self._files()
        credentials = grpc.ssl_channel_credentials(files.authority, files.identity, files.identity)
        named = (*options, ("grpc.ssl_target_name_override", service))
        return grpc.secure_channel(self.address(service), credentials, options=named)

    def generation(self) -> int:
        with self._guard:
            if time.monotonic() >= self._looked_at + self._look_again_s:
                self._looked_at = time.monotonic()
                if (found := self._files()) != self._read:
                    self._read, self._generation = found, self._generation + 1
            return self._generation

    def caller(self, context: Any, said: str) -> str:
        """Raises `NotAllowed` for a certificate that names no workload: what a caller says counts for nothing."""
        names = [urlsplit(str(each, "utf-8")) for each in context.auth_context().get(_SAN, ())]
        workloads = [each for each in names if each.scheme == "spiffe"]
        found = workloads[0].path.removeprefix("/") if len(workloads) == 1 else ""
        if not found.isidentifier() or workloads[0].netloc != self._node:
            raise NotAllowed("The certificate of this caller names no workload of this node. Nothing was changed.")
        return found

    def _for_servers(self) -> Any:
        """Asked at every handshake, so that a renewed certificate needs no restart."""
        files = self._files()
        return grpc.ssl_server_certificate_configuration([(files.identity, files.identity)], files.authority)

    def _files(self) -> "_Files":
        return _Files(*((self._folder / name).read_bytes() for name in (AUTHORITY, IDENTITY)))


def expires_at(identity: Path) -> datetime:
    """Of the certificate in a file of `MutualTls`."""
    return x509.load_pem_x509_certificate(identity.read_bytes()).not_valid_after_utc


def wires_of(run_dir: Path, tls_dir: Path | None) -> Wires:
    """Raises `OSError` where a certificate is missing."""
    return MutualTls(tls_dir) if tls_dir else Sockets(run_dir)


@dataclass(frozen=True)
class _Files:
    authority: bytes
    identity: bytes


def _node_of(identity: bytes) -> str:
    """The node that a certificate's SPIFFE id names; `identity`: PEM."""
    names = x509.load_pem_x509_certificate(identity).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    (found,) = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    return str(urlsplit(found).netloc)


def _bind(add: Callable[[], int], address: str) -> None:
    try:
        add()
    except RuntimeError as error:
        raise OSError(f"Cannot listen on {address}. Is another process using it?") from error


def _private(folder: Path) -> None:
    """The folder of sockets lets nobody else in: a workload's name on a socket is believed because of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = folder.stat()
    if mode.st_uid != os.geteuid() or stat.S_IMODE(mode.st_mode) & 0o077:
        folder.chmod(0o700)
