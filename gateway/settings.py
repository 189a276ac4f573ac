"""Settings of the gateway process."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from services.common.settings import BadSetting


@dataclass(frozen=True)
class Settings:
    # A short label of the node. It is part of the cookies' names: cookies ignore ports, and nodes may share a host.
    slug: str = "node"
    # What people call the node.
    name: str = "Fosse"
    # What people type; sign-in comes back to it, and https here makes cookies Secure.
    public_url: str = "http://127.0.0.1:8080"
    # Where the gateway listens.
    listen: str = "127.0.0.1:8080"
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
    # gunicorn (deployment) or waitress (one process).
    server: str = "gunicorn"
    # Processes of gunicorn.
    workers: int = 2
    # Threads in each process.
    threads: int = 8
    # How many proxies in front of us may name the person's address.
    trusted_proxies: int = 0
    # The folder of the services' sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # Sessions and how they ended, sign-ins under way, and tries that are counted, under keyed hashes; nothing else.
    database: str = "sqlite:///gateway.db"
    # Connections that the pool of each worker keeps open; under load it may open as many again.
    connections: int = 8
    # The OpenID provider, exactly as it names itself in `iss`.
    issuer: str = "http://127.0.0.1:8081"
    # Where we reach it, when that is another address: https://keycloak:8443/id/realms/fosse. If the issuer lies below
    # the public address, people reach it through the gateway.
    provider_address: str = ""
    # Certificates to trust the provider by; empty: those of the machine.
    provider_ca: Path | None = None
    # What the provider knows the gateway by.
    client_id: str = "fosse-gateway"
    # None, or an empty file: a public client; PKCE protects the code either way.
    client_secret_file: Path | None = None
    # Further origins that the provider sends people on to, separated by spaces (a provider that asks another one).
    sign_in_origins: str = ""
    # Made at the first start when it is not there; every worker reads the same one.
    secret_key_file: Path = Path("gateway.key")
    # Largest file that may be sent, in bytes; what FOSSE_RESOURCE_LARGEST_FILE_MB lets in.
    upload_limit: int = 25_000_000
    # How often one person may search in a minute; an address may four times, everybody together forty times as often.
    searches_a_minute: int = 300
    # What all calls behind one page may take together.
    page_deadline_s: float = 2.0
    # Uploads and downloads stream; they may take longer than a page.
    file_deadline_s: float = 300.0

    @property
    def https(self) -> bool:
        return self.public_url.startswith("https://")

    @property
    def origin(self) -> str:
        return origin_of(self.public_url)

    def cookie(self, purpose: str = "") -> str:
        """The cookie's name; `__Host-` binds it to this host and to https."""
        name = f"fosse_{self.slug}_{purpose}" if purpose else f"fosse_{self.slug}"
        return f"__Host-{name}" if self.https else name


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise BadSetting(f"{url!r} is not a web address; it should look like https://notts.example.")
    return f"{parts.scheme}://{parts.netloc}"
