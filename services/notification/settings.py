"""Settings of notification."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_NOTIFICATION_…"""

    # SQLite in the embedded node; in deployment postgresql://…
    database: str = "sqlite:///notification.db"
    # Connections that its pool keeps open; under load it may open as many again.
    connections: int = 8
    # The folder of the node's sockets.
    run_dir: Path = Path("run")
    # Between containers: the folder with this process's certificate, key and authority; the sockets are then not used.
    tls_dir: Path | None = None
    # `mail/` in it holds the mails of a node without a mail server.
    data_dir: Path = Path(".")
    # Brokers, such as kafka:9092; the embedded node needs none.
    kafka: str = ""
    # Where Prometheus asks for /metrics, such as 0.0.0.0:9464, inside the containers' network; empty: nowhere.
    metrics_listen: str = ""
    # Where spans of traces go by OTLP, such as http://jaeger:4318/v1/traces; empty: nowhere.
    traces: str = ""
    # Where members open the pages of this node; links in mails begin with it.
    public_url: str = "http://127.0.0.1:8080"
    # Whom mails are from.
    sender: str = "fosse@localhost"
    # Empty: mails are laid into the folder `mail` of the data folder instead of being sent.
    smtp_host: str = ""
    # 587 with `starttls`, 465 with `tls`.
    smtp_port: int = 587
    # Empty: without signing in.
    smtp_user: str = ""
    # Holds the password alone.
    smtp_password_file: Path | None = None
    # `starttls`, `tls` (from the first byte) or `none`.
    smtp_tls: str = "starttls"
    # Certificates to trust the mail server by; empty: those of the machine.
    smtp_ca: Path | None = None
    # How long one step of the talk with the mail server may take.
    smtp_timeout_s: float = 10.0
