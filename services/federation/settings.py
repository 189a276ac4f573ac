"""Settings of federation."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_FEDERATION_…"""

    # SQLite in the embedded node; in deployment postgresql://…
    database: str = "sqlite:///federation.db"
    # Connections that its pool keeps open; under load it may open as many again.
    connections: int = 8
    # The folder of the node's sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # `keys/` and `relay/` lie in it.
    data_dir: Path = Path(".")
    # Brokers, such as kafka:9092; the embedded node needs none.
    kafka: str = ""
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
    # Is this node the one that others enrol with?
    hub: bool = False
    # A short label in the region's registry, such as `notts`.
    slug: str = "node"
    # What people read there, such as Nottinghamshire.
    name: str = "My county"
    # The HTTP proxy that leads to the hub, such as http://proxy.example:3128; empty: there is none in between.
    proxy: str = ""
    # Holds name:password for that proxy; unset, or an empty file: it asks for none.
    proxy_credentials_file: Path | None = None
    # How often the audit trails of all services are signed for and lodged at the hub, in seconds.
    audit_heads_every_s: float = 3600.0
    # At the hub: where its door for other nodes listens.
    door_listen: str = "127.0.0.1:8420"
    # At the hub: host:port that counties dial; empty: what it listens on.
    door_address: str = ""
