"""Settings of notification."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_NOTIFICATION_…"""

    database: str = "sqlite:///notification.db"
    run_dir: Path = Path("run")
    data_dir: Path = Path(".")
    kafka: str = ""
    # Where members open the pages of this node; links in mails begin with it.
    public_url: str = "http://127.0.0.1:8080"
    sender: str = "fosse@localhost"
    # Empty: mails are laid into the folder `mail` of the data folder instead of being sent.
    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password_file: Path | None = None
    # `starttls`, `tls` (from the first byte) or `none`.
    smtp_tls: str = "starttls"
    # Certificates to trust the mail server by; empty: those of the machine.
    smtp_ca: Path | None = None
    smtp_timeout_s: float = 10.0
