"""Settings of an embedded node: `FOSSE_NODE_<NAME>` in the environment, or an option of `fosse node`."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from services.common import settings
from services.common.errors import Invalid
from services.common.text import checked_slug
from services.node.folder import Folder
from services.node.provider import loopback

REMEMBERED = ("slug", "name", "hub", "host", "port", "door_port", "provider_port", "public_url", "issuer", "client_id")
"""Settings that a node keeps in its folder at each start, so that the next one needs only the folder."""


@dataclass(frozen=True)
class Settings:
    data: Path = Path(".data/node")
    """The node's folder: databases, files, keys, sockets."""
    slug: str = "node"
    """A short label in the region's registry and in the cookies' names."""
    name: str = "My county"
    """What people read."""
    hub: bool = False
    """Other nodes enrol with this one."""
    host: str = "127.0.0.1"
    """Where the pages listen; others than this machine's need `issuer`."""
    port: int = 8400
    """Of the pages."""
    door_port: int = 0
    """Of a hub, where counties dial in; 0: 20 above `port`."""
    provider_port: int = 0
    """Of the built-in sign-in; 0: 40 above `port`."""
    public_url: str = ""
    """What people type; empty: http://host:port."""
    issuer: str = ""
    """The county's own OpenID provider; empty: the built-in one, which works on this machine only."""
    client_id: str = "fosse-gateway"
    """What the provider knows the node by."""
    client_secret_file: Path | None = None
    """Holds the secret alone that the provider gave; empty: none, PKCE protects the code either way."""
    tls_dir: Path | None = None
    """Of commands to a deployed node: the folder with the operator's certificate; they then need no `data`."""
    gateway: bool = True
    """False: no web pages here; gunicorn workers connect to the sockets."""
    threads: int = 8
    """That answer pages."""
    trusted_proxies: int = 0
    """How many proxies in front of the pages may name the person's address."""
    searches_a_minute: int = 300
    """Of one person."""

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def door(self) -> int:
        return self.door_port or self.port + 20

    @property
    def provider(self) -> int:
        return self.provider_port or self.port + 40

    @property
    def built_in_provider(self) -> bool:
        return not self.issuer

    @property
    def issuer_address(self) -> str:
        return self.issuer or f"http://127.0.0.1:{self.provider}"

    def checked(self) -> "Settings":
        """These settings; raises `Invalid` for a slug that no hub takes, or where others could reach the sign-in."""
        checked_slug(self.slug)
        if self.built_in_provider and not loopback.is_loopback(self.host):
            raise Invalid(
                f"A node on {self.host} can be reached from other machines, and the built-in sign-in lets anybody in "
                "at a click. Use --host 127.0.0.1, or give the county's own OpenID provider with --issuer."
            )
        return self


def load(options: Mapping[str, Any]) -> Settings:
    """Options of the command line, then the environment, then what this folder's node was first started as."""
    given = {name: value for name, value in options.items() if value is not None}
    environment = settings.load(Settings, "fosse_node")
    data = given.get("data", environment.data)
    first = Folder(data).first_started_as()
    remembered = {name: first[name] for name in REMEMBERED if name in first}
    unlike = {
        field.name: getattr(environment, field.name)
        for field in fields(Settings)
        if getattr(environment, field.name) != field.default
    }
    return Settings(**{**remembered, **unlike, **given})
