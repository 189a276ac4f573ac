"""Settings of resource."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_RESOURCE_…"""

    # SQLite in the embedded node; in deployment postgresql://…
    database: str = "sqlite:///resource.db"
    # Connections that its pool keeps open; under load it may open as many again.
    connections: int = 8
    # The folder of the node's sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # `files/` and `index/` lie in it.
    data_dir: Path = Path(".")
    # Brokers, such as kafka:9092; the embedded node needs none.
    kafka: str = ""
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
    # Largest file that somebody here may add.
    largest_file_mb: int = 25
    # Largest file taken from another node, whose own limit may be greater than ours.
    largest_taken_file_mb: int = 100
