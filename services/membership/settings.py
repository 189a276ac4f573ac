"""Settings of membership."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_MEMBERSHIP_…"""

    # SQLite in the embedded node; in deployment postgresql://…
    database: str = "sqlite:///membership.db"
    # Connections that its pool keeps open; under load it may open as many again.
    connections: int = 8
    # The folder of the node's sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # `keys/` in it holds what signs passes.
    data_dir: Path = Path(".")
    # Brokers, such as kafka:9092; the embedded node needs none.
    kafka: str = ""
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
    # The OpenID provider, exactly as it names itself in `iss`.
    issuer: str = "http://127.0.0.1:8081"
    # What the same provider named itself before the node's address changed: its people are who they were.
    former_issuer: str = ""
    # Where its keys are; empty: as its discovery document says. HTTPS, or plain HTTP to this machine.
    jwks_uri: str = ""
    # Certificates to trust the provider by; empty: those of the machine.
    provider_ca: Path | None = None
    # Where the node's own Keycloak answers, such as https://keycloak:8443/id; its accounts follow their members. Empty:
    # the provider is somebody else's.
    accounts: str = ""
    # Holds the secret alone that Keycloak knows membership by.
    accounts_secret_file: Path | None = None
    # Access tokens must be for it.
    audience: str = "fosse-services"
