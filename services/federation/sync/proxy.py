"""The HTTP proxy between a county and its hub, where the county's network lets nothing out but through one.

Everything that federation sends goes through a tunnel (CONNECT) to the hub's web address and to its door: the proxy
sees these two names and nothing of what is said.
"""

import socket
from base64 import b64encode
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from services.common.rpc_errors import Away
from services.common.settings import BadSetting

SAFE = "What this node holds is safe, and it keeps trying."
# Not those of the process's environment, which say nothing about a hub.
_DIRECT = (("grpc.enable_http_proxy", 0),)


@dataclass(frozen=True)
class Proxy:
    host: str
    port: int
    # `name:password`, or nothing.
    credentials: str = field(default="", repr=False)

    @property
    def address(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        given = b64encode(self.credentials.encode()).decode()
        return {"Proxy-Authorization": f"Basic {given}"} if given else {}


def proxy_of(address: str, credentials_file: Path | None) -> Proxy | None:
    """As the settings say it; raises `BadSetting` for what is no proxy."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme != "http" or parts.path.strip("/"):
        raise BadSetting("FOSSE_FEDERATION_PROXY is an address such as http://proxy.example:3128.")
    if parts.username is not None:
        raise BadSetting(
            "FOSSE_FEDERATION_PROXY holds a name and a password. Put them, as name:password, into a file that "
            "FOSSE_FEDERATION_PROXY_CREDENTIALS_FILE names."
        )
    given = credentials_file.read_text("utf-8").strip() if credentials_file else ""
    if given and ":" not in given:
        raise BadSetting("FOSSE_FEDERATION_PROXY_CREDENTIALS_FILE holds one line, name:password.")
    return Proxy(host, port, given)


def channel_options(proxy: Proxy | None) -> tuple[tuple[str, Any], ...]:
    """Of a gRPC channel to the door."""
    if proxy is None:
        return _DIRECT
    who = f"{quote(proxy.credentials, safe=':')}@" if proxy.credentials else ""
    return (("grpc.http_proxy", f"http://{who}{proxy.address}"),)


def web_connection(proxy: Proxy | None, scheme: str, host: str, port: int | None, timeout_s: float) -> HTTPConnection:
    """Not connected yet, so that the caller sees every fault."""
    kind = HTTPSConnection if scheme == "https" else HTTPConnection
    if proxy is None:
        return kind(host, port, timeout=timeout_s)
    connection = kind(proxy.host, proxy.port, timeout=timeout_s)
    connection.set_tunnel(host, port or kind.default_port, proxy.headers)
    return connection


def dial(proxy: Proxy | None, host: str, port: int, timeout_s: float) -> socket.socket:
    """A plain connection to the door; raises `OSError`."""
    if proxy is None:
        return socket.create_connection((host, port), timeout_s)
    connection = web_connection(proxy, "http", host, port, timeout_s)
    try:
        connection.connect()
    except HTTPException as fault:
        raise OSError(str(fault)) from fault
    opened: socket.socket = connection.sock
    return opened


def in_the_way(proxy: Proxy | None, host: str, port: int, timeout_s: float) -> str:
    """Why the proxy opens no road to this place, as a sentence; empty when it does, or there is none."""
    if proxy is None:
        return ""
    try:
        socket.create_connection((proxy.host, proxy.port), timeout_s).close()
    except OSError:
        return f"The proxy at {proxy.address} (FOSSE_FEDERATION_PROXY) does not answer. {SAFE}"
    try:
        dial(proxy, host, port, timeout_s).close()
    except OSError as fault:
        return _refused(proxy, f"{host}:{port}", str(fault))
    return ""


def raise_in_the_way(proxy: Proxy | None, host: str, port: int, timeout_s: float) -> None:
    """Raises `Away` with the sentence of `in_the_way`."""
    if sentence := in_the_way(proxy, host, port, timeout_s):
        raise Away(sentence)


def _refused(proxy: Proxy, place: str, fault: str) -> str:
    if " 407 " in fault:
        return (
            f"The proxy at {proxy.address} wants another name and password. Put them into the file that "
            f"FOSSE_FEDERATION_PROXY_CREDENTIALS_FILE names, and restart federation. {SAFE}"
        )
    said = fault.partition("Tunnel connection failed: ")[2]
    told = f" It said: {said[:60]}." if said else ""
    return (
        f"The proxy at {proxy.address} opens no way to {place}.{told} Ask whoever runs it to allow that place, or "
        f"whether the hub is up. {SAFE}"
    )
