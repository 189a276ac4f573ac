"""Settings of events."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_EVENTS_…"""

    # SQLite in the embedded node; in deployment postgresql://…
    database: str = "sqlite:///events.db"
    # Connections that its pool keeps open; under load it may open as many again.
    connections: int = 8
    # The folder of the node's sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # Files of its own, such as keys.
    data_dir: Path = Path(".")
    # Brokers, such as kafka:9092; the embedded node needs none.
    kafka: str = ""
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
