"""Settings of membership."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Read from FOSSE_MEMBERSHIP_…"""

    database: str = "sqlite:///membership.db"
    run_dir: Path = Path("run")
    data_dir: Path = Path(".")
    kafka: str = ""
    # The OpenID provider, exactly as it names itself in `iss`.
    issuer: str = "http://127.0.0.1:8081"
    # Where its keys are; empty: as its discovery document says. HTTPS, or plain HTTP to this machine.
    jwks_uri: str = ""
    # Certificates to trust the provider by; empty: those of the machine.
    provider_ca: Path | None = None
    audience: str = "fosse-services"
    pass_lifetime_s: float = 60.0
